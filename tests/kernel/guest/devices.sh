# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# Makes the devices that /lab/vfs and /lab/mdevs list.

PCI=/sys/bus/pci/devices
MDEV=/sys/bus/mdev/devices

load_modules() {
    local module
    for module in $MODULES; do
        modprobe "$module" || trouble "cannot load $module"
    done
    insmod "$MTTY" || trouble "cannot load $MTTY"
    load_lab "$LAB_PARAMS"
}

# load_lab PARAMETERS
load_lab() {
    # shellcheck disable=SC2086
    modprobe vfio_compat_lab $1 || trouble "cannot load vfio_compat_lab $1"
}

# vf_path PF INDEX: the real directory of a VF.
vf_path() {
    readlink -f "$PCI/$1/virtfn$2"
}

# make_vfs PF COUNT
make_vfs() {
    [ "$(cat "$PCI/$1/sriov_numvfs")" = "$2" ] && return
    # The driver is chosen for each VF below.
    echo 0 >"$PCI/$1/sriov_drivers_autoprobe"
    echo "$2" >"$PCI/$1/sriov_numvfs" || trouble "no VFs of $1"
}

# bind_vf PF INDEX DRIVER: none is a driver too.
bind_vf() {
    local path
    path=$(vf_path "$1" "$2")
    if [ -L "$path/driver" ]; then
        echo "${path##*/}" >"$path/driver/unbind"
    fi
    echo >"$path/driver_override"
    [ "$3" = none ] && return
    echo "$3" >"$path/driver_override"
    echo "${path##*/}" >/sys/bus/pci/drivers_probe
    case $3 in
        igbvf) echo >"$path/driver_override" ;;
    esac
    [ -L "$path/driver" ] || trouble "$3 does not bind to ${path##*/}"
}

# make_mdev UUID PARENT TYPE
make_mdev() {
    local types=/sys/class/mdev_bus/$2/mdev_supported_types
    echo "$1" >"$types/$3/create" || trouble "no mdev of type $3"
}

remove_mdev() {
    echo 1 >"$MDEV/$1/remove"
}

# set_aggregator DEVICE-DIRECTORY VALUE
set_aggregator() {
    [ "$2" = - ] && return
    echo "$2" >"$1/compat_lab/aggregator" || trouble "aggregator of $1"
}

# bind_vfs: as the list says; leaves their names in /tmp/devices.
bind_vfs() {
    local name pf index driver aggregator memory path
    while read -r name pf index driver aggregator memory; do
        bind_vf "$pf" "$index" "$driver"
        path=$(vf_path "$pf" "$index")
        set_aggregator "$path" "$aggregator"
        echo "$name $path $memory" >>/tmp/devices
    done </lab/vfs
}

# Lists: NAME PF INDEX DRIVER AGGREGATOR MEMORY and
#        NAME UUID PARENT TYPE AGGREGATOR MEMORY.
make_devices() {
    local pf
    load_modules
    for pf in $PFS; do
        make_vfs "$pf" "$(grep -c " $pf " /lab/vfs)"
    done
    bind_vfs
    make_mdevs /lab/mdevs
}

# make_mdevs LIST
make_mdevs() {
    local name uuid parent type aggregator memory
    while read -r name uuid parent type aggregator memory; do
        make_mdev "$uuid" "$parent" "$type"
        set_aggregator "$MDEV/$uuid" "$aggregator"
        echo "$name $MDEV/$uuid $memory" >>/tmp/devices
    done <"$1"
}
