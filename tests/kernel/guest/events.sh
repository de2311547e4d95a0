# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# What happens to a host, step by step: the kernel's events of each step,
# and what the host looks like after it.

# step NAME COMMAND...
step() {
    local name=$1
    shift
    "$@" || trouble "step $name"
    # Events are there when the command is back, but for udev's own work.
    sleep 0.3
    echo "step $name" >>/out/uevents
    record "/out/after-$name"
}

mode_events() {
    load_modules
    local pf=0000:01:00.0 first=$PCI/0000:01:00.1
    local uuid=00000000-0000-4000-8000-00000000000a
    lab-uapi uevents /out/uevents &
    while ! grep -q ready /out/uevents 2>/dev/null; do sleep 0.1; done
    echo 0 >"$PCI/$pf/sriov_drivers_autoprobe"
    step vfs-made eval "echo 2 >$PCI/$pf/sriov_numvfs"
    step override eval "echo vfio_compat_lab >$first/driver_override"
    step bound eval "echo 0000:01:00.1 >/sys/bus/pci/drivers_probe"
    step unbound eval "echo 0000:01:00.1 >$first/driver/unbind"
    step mdev-made make_mdev "$uuid" compat_lab compat_lab-small
    step attribute eval "echo 4 >$MDEV/$uuid/compat_lab/aggregator"
    step mdev-removed remove_mdev "$uuid"
    step module-removed rmmod vfio_compat_lab
    step module-loaded modprobe vfio_compat_lab minor=7
    step vfs-removed eval "echo 0 >$PCI/$pf/sriov_numvfs"
    kill %1
}
