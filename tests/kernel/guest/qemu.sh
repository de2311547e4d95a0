# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# QEMU as the judge: a guest that has one device is migrated to a file, and
# from there into a guest that has another.

QEMU="/qemu/lib/ld-linux-x86-64.so.2 --library-path /qemu/lib
/qemu/qemu-system-x86_64 -L /qemu/share"

# With IOMMUFD all is as QEMU has it by default. Without, it wants to be told
# to migrate at all: the guests are stopped, and nothing of their memory is
# written meanwhile.
if [ -e /dev/iommu ]; then
    QEMU="$QEMU -object iommufd,id=iommufd"
    VFIO=iommufd=iommufd
else
    VFIO=enable-migration=on,x-device-dirty-page-tracking=off
fi

# guest NAME DEVICE-DIRECTORY ARGUMENT...: starts a guest that does not run,
# and leaves its process in $! and its monitor in /tmp/NAME.in and .log.
guest() {
    local name=$1 path=$2
    shift 2
    rm -f "/tmp/$name".*
    mkfifo "/tmp/$name.in" "/tmp/$name.out"
    # Open in both directions: nobody waits for a QEMU that is gone.
    exec 7<>"/tmp/$name.in" 8<>"/tmp/$name.out"
    cat <&8 >"/tmp/$name.log" &
    reader=$!
    # shellcheck disable=SC2086
    $QEMU -M q35 -accel tcg -m 16 -nodefaults -display none -S \
        -chardev "pipe,id=m,path=/tmp/$name" -mon chardev=m \
        -device "vfio-pci,sysfsdev=$path,$VFIO" "$@" 2>"/tmp/$name.err" &
}

# ask NAME PID: how the migration stands; gone if QEMU is.
ask() {
    [ -d "/proc/$2" ] || {
        echo gone
        return
    }
    echo "info migrate" >&7
    sleep 0.3
    grep -a 'Status:\|Migration status:' "/tmp/$1.log" | tail -n 1 |
        tr -d '\r' | sed 's/.*tatus: *//'
}

# settle NAME PID: waits for the end of a migration; says how it ended.
settle() {
    local status count=0
    while [ $count -lt 100 ]; do
        status=$(ask "$1" "$2")
        case $status in
            completed | failed | gone) break ;;
        esac
        count=$((count + 1))
        sleep 0.2
    done
    [ -d "/proc/$2" ] && echo quit >&7
    wait "$2" 2>/dev/null
    kill "$reader"
    echo "$status" >"/tmp/$1.status"
}

# why NAME: what QEMU complained of first, and last.
why() {
    grep -v -e warning: -e info: -e 'Cannot reset' "/tmp/$1.err" |
        sed 's/^[^:]*ld-linux[^:]*: //; s/^qemu-system-x86_64: //' |
        tr '\t' ' ' | sed -n '1p; $p' | uniq | tr '\n' '|'
}

# migrate_all LIST: of lines SOURCE DESTINATION.
migrate_all() {
    local path source target word
    while read -r source target; do
        if [ ! -e "/tmp/stream-$source" ]; then
            path=$(grep "^$source " /tmp/devices | cut -d ' ' -f 2)
            guest save "$path"
            # All memory counts as dirty all the time: let it take long.
            echo "migrate_set_parameter downtime-limit 600000" >&7
            echo "migrate -d file:/tmp/stream-$source" >&7
            settle save $!
            [ "$(cat /tmp/save.status)" = completed ] ||
                trouble "$source: $(cat /tmp/save.status) $(why save)"
        fi
        path=$(grep "^$target " /tmp/devices | cut -d ' ' -f 2)
        guest load "$path" -incoming "file:/tmp/stream-$source"
        settle load $!
        word=$(cat /tmp/load.status)
        printf '%s\t%s\t%s\t%s\n' "$source" "$target" "$word" \
            "$(why load)" >>"/out/${1##*/}"
        sed "s/^/$source $target: /" /tmp/load.err >>/out/complaints
        [ "$word" = completed ] || renew "$target"
    done <"$1"
}

# states: what the kernel's own debugfs says of the devices.
states() {
    local name path memory file
    mount -t debugfs debugfs /sys/kernel/debug
    while read -r name path memory; do
        file=/sys/kernel/debug/vfio/${path##*/}/migration/state
        echo "$name $(cat "$file" || echo none)"
    done </tmp/devices 2>/dev/null
}

# After the first migrations, /lab/phases: NAME PARAMETERS of our driver, to
# load what was saved before with another version of it.
mode_qemu() {
    local phase params
    make_devices
    record /out/tree
    cp /tmp/devices /out/devices
    states >/out/states
    migrate_all /lab/migrations
    while read -r phase params <&9; do
        rmmod vfio_compat_lab || trouble "cannot unload vfio_compat_lab"
        load_lab "$params"
        rm /tmp/devices
        bind_vfs
        record "/out/tree-$phase"
        migrate_all "/lab/migrations-$phase"
    done 9</lab/phases
}
