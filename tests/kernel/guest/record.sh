# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# Copies what the package reads of a host, and nothing that touches a device
# (config, rom, resourceN, vpd, reset).

PCI_FILES="vendor device subsystem_vendor subsystem_device revision class
modalias resource driver_override numa_node sriov_totalvfs sriov_vf_device
sriov_offset sriov_stride driver subsystem iommu_group physfn"
# Whole directories; what they have of power management is of no interest.
TREES="migration compat_lab vfio-dev mdev_supported_types"

# copy TREE DIRECTORY NAME...: those that exist; links stay links.
copy() {
    local tree=$1 from=$2 names='' name
    shift 2
    for name; do
        if [ -e "$from/$name" ] || [ -L "$from/$name" ]; then
            names="$names $name"
        fi
    done
    mkdir -p "$tree$from"
    # shellcheck disable=SC2086
    [ -z "$names" ] || (cd "$from" && cp -pPR $names "$tree$from/") \
        2>/dev/null || true
}

# link TREE PATH: one link as it is.
link() {
    mkdir -p "$1${2%/*}"
    cp -pP "$2" "$1$2"
}

# record_driver TREE DEVICE: its driver's directory, with the module.
record_driver() {
    local directory
    [ -L "$2/driver" ] || return 0
    directory=$(readlink -f "$2/driver")
    copy "$1" "$directory" module
    [ -L "$directory/module" ] || return 0
    copy "$1" "$(readlink -f "$directory/module")" version
}

# record_function TREE ADDRESS
record_function() {
    local device virtfn
    device=$(readlink -f "$PCI/$2")
    # shellcheck disable=SC2086
    copy "$1" "$device" $PCI_FILES $TREES
    for virtfn in "$device"/virtfn*; do
        [ -L "$virtfn" ] && link "$1" "$virtfn"
    done
    link "$1" "$PCI/$2"
    record_driver "$1" "$device"
}

# record_parent TREE NAME: a parent of mdevs, and its mdevs.
record_parent() {
    local device uuid module
    device=$(readlink -f "/sys/class/mdev_bus/$2")
    # shellcheck disable=SC2086
    copy "$1" "$device" subsystem $TREES
    link "$1" "/sys/class/mdev_bus/$2"
    for uuid in "$device"/*-*-*-*-*; do
        [ -d "$uuid" ] || continue
        # shellcheck disable=SC2086
        copy "$1" "$uuid" driver subsystem iommu_group mdev_type $TREES
        link "$1" "$MDEV/${uuid##*/}"
        record_driver "$1" "$uuid"
    done
    for module in /sys/module/*/; do
        [ -f "${module}version" ] && copy "$1" "${module%/}" version
    done
}

# record TREE
record() {
    local pf virtfn address parent
    rm -rf "$1"
    mkdir -p "$1/sys/bus/pci/devices" "$1/sys/bus/pci/drivers" \
        "$1/proc/sys/kernel" "$1/lib/modules/$RELEASE"
    for pf in $PFS; do
        record_function "$1" "$pf"
        for virtfn in "$PCI/$pf"/virtfn*; do
            [ -L "$virtfn" ] || continue
            address=$(readlink "$virtfn")
            record_function "$1" "${address##*/}"
        done
    done
    for parent in /sys/class/mdev_bus/*; do
        [ -L "$parent" ] && record_parent "$1" "${parent##*/}"
    done
    find "$1" -name power -type d -prune -exec rm -rf {} +
    find "$1" -name uevent -type f -exec rm -f {} +
    cat /proc/sys/kernel/osrelease >"$1/proc/sys/kernel/osrelease"
    cp "/lib/modules/$RELEASE/modules.alias" "$1/lib/modules/$RELEASE/"
    # Modes do not survive every archive.
    (cd "$1" && find . ! -type l -exec stat -c '%a %n' {} +) >"$1.modes"
}
