# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# Asks the kernel: who can save, and who loads what.

# The state of every device, and what this host looks like.
mode_save() {
    local name path memory verdict
    make_devices
    record /out/tree
    cp /tmp/devices /out/devices
    mkdir -p /out/streams
    while read -r name path memory; do
        # shellcheck disable=SC2086
        verdict=$(lab-uapi save "$path" "/out/streams/$name" $memory)
        echo "$name $verdict" >>/out/saved
        case $verdict in
            yes*) ;;
            *) rm -f "/out/streams/$name" ;;
        esac
    done </tmp/devices
}

# An mtty that refused a stream stays in the state RESUMING, and its next
# user runs into a NULL pointer: a new one is needed.
renew() {
    local line
    line=$(cat /lab/mdevs /lab/fresh | grep "^$1 ") || return 0
    # shellcheck disable=SC2086
    set -- $line
    case $3 in
        mtty)
            remove_mdev "$2"
            make_mdev "$2" "$3" "$4"
            ;;
    esac
}

# /lab/loads: STREAM-FILE DEVICE [CHUNK]
mode_load() {
    local name path memory stream target chunk line verdict
    make_devices
    record /out/tree
    # Of these the tree shows the type alone, as of what is made on demand.
    make_mdevs /lab/fresh
    cp /tmp/devices /out/devices
    while read -r name path memory; do
        echo "$name $(lab-uapi probe "$path")" >>/out/probed
    done </tmp/devices
    while read -r stream target chunk; do
        line=$(grep "^$target " /tmp/devices)
        # shellcheck disable=SC2086
        set -- $line
        # shellcheck disable=SC2086
        verdict=$(lab-uapi load "$2" "/lab/streams/$stream" "$3" "$4" "$5" \
            $chunk)
        echo "$stream $target $verdict" >>/out/loaded
        case $verdict in
            yes*) ;;
            *) renew "$target" ;;
        esac
    done </lab/loads
    # Each device has been opened, loaded and closed since the first time.
    record /out/after
}
