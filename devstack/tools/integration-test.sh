#!/usr/bin/env bash
#
# SPDX-License-Identifier: Apache-2.0
#
# Looks at a DevStack after stacking: is what the plugin has set up at work?
# Needs nothing but the user that has stacked.
#
# NOVA_CONF, NOVA_CPU_CONF, BIN_DIR and SYSTEMCTL name other places than
# DevStack's own; VFIO_COMPAT_DEVICES is how many devices this host's report
# must name at least.

set -euo pipefail

NOVA_CONF=${NOVA_CONF:-/etc/nova/nova.conf}
NOVA_CPU_CONF=${NOVA_CPU_CONF:-/etc/nova/nova-cpu.conf}
BIN_DIR=${BIN_DIR:-}
SYSTEMCTL=${SYSTEMCTL:-systemctl}
VFIO_COMPAT_DEVICES=${VFIO_COMPAT_DEVICES:-0}
TIMEOUT=${TIMEOUT:-120}

if [[ -z "$BIN_DIR" ]]; then
    BIN_DIR=/usr/local/bin
    if [[ -x /opt/stack/data/venv/bin/nova-vfio-compat ]]; then
        BIN_DIR=/opt/stack/data/venv/bin
    fi
fi

failures=0

# check WHAT COMMAND...: runs it and says what came of it.
function check {
    local what=$1
    shift
    if "$@"; then
        echo "ok      $what"
    else
        echo "FAILED  $what"
        failures=$((failures + 1))
    fi
}

function vfio_compat {
    "$BIN_DIR/nova-vfio-compat" "$@"
}

# value FILE OPTION: of [filter_scheduler], all its lines in one.
function value {
    sed -n "/^\[filter_scheduler\]/,/^\[/ s/^$2 *= *//p" "$1" | tr '\n' ' '
}

function filter_is_enabled {
    local available enabled
    available=" $(value "$NOVA_CONF" available_filters)"
    enabled=",$(value "$NOVA_CONF" enabled_filters | tr -d ' '),"
    [[ "$available" == *" nova_vfio_compat.scheduler.all_filters "* ]] &&
        [[ "$enabled" == *,VfioCompatFilter,* ]]
}

# The names of this host that a compute node may have.
function report_exists {
    local hosts name end
    end=$((SECONDS + TIMEOUT))
    while :; do
        hosts=$(vfio_compat host list -f value -c Host \
            --config-file "$NOVA_CPU_CONF") || hosts=
        for name in ${COMPUTE_NODE:-} "$(hostname -f)" "$(hostname)"; do
            if grep -qxF -- "$name" <<<"$hosts"; then
                reported=$name
                return 0
            fi
        done
        if [ $SECONDS -ge $end ]; then
            return 1
        fi
        sleep 2
    done
}

function report_has_devices {
    local found
    found=$(vfio_compat host show "$reported" -f value -c Kind \
        --config-file "$NOVA_CPU_CONF" | grep -c '^device$') || true
    [ "$found" -ge "$VFIO_COMPAT_DEVICES" ]
}

# Warnings are for people: other hosts may have no reporter.
function upgrade_check_passes {
    local conf=$1 status=0
    "$BIN_DIR/nova-vfio-compat-status" --config-file "$conf" upgrade check ||
        status=$?
    [ $status -le 1 ]
}

if $SYSTEMCTL is-enabled -q devstack@n-sch.service; then
    check "the scheduler runs" \
        $SYSTEMCTL is-active -q devstack@n-sch.service
    check "the filter is available and enabled" filter_is_enabled
    check "upgrade check on the scheduler" upgrade_check_passes "$NOVA_CONF"
fi
if $SYSTEMCTL is-enabled -q devstack@n-cpu.service; then
    check "the reporter runs" \
        $SYSTEMCTL is-active -q devstack@vfio-compat-reporter.service
    reported=
    check "this host has published a report" report_exists
    if [ -n "$reported" ]; then
        check "with $VFIO_COMPAT_DEVICES devices or more" report_has_devices
    fi
    check "upgrade check on the compute host" \
        upgrade_check_passes "$NOVA_CPU_CONF"
fi

if [ $failures -gt 0 ]; then
    echo "$failures failed"
    exit 1
fi
