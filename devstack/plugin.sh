#!/usr/bin/env bash
#
# SPDX-License-Identifier: Apache-2.0
#
# DevStack plugin: VfioCompatFilter in nova-scheduler, a reporter beside
# nova-compute.

# Save trace setting
_XTRACE_VFIO_COMPAT=$(set +o | grep xtrace)
set +o xtrace

VFIO_COMPAT_FILTERS=nova_vfio_compat.scheduler.all_filters

# Both nova-scheduler and the reporter need the package.
function install_vfio_compat {
    setup_develop $VFIO_COMPAT_DIR
}

# The filter: available beside what others have made available, and the last
# one to be asked.
function configure_vfio_compat_scheduler {
    local section=filter_scheduler
    local available enabled
    available=$(iniget_multiline $NOVA_CONF $section available_filters)
    if [[ " $available " != *" $VFIO_COMPAT_FILTERS "* ]]; then
        iniset_multiline $NOVA_CONF $section available_filters \
            $available $VFIO_COMPAT_FILTERS
    fi

    enabled=$(iniget $NOVA_CONF $section enabled_filters)
    enabled=${enabled:-$NOVA_FILTERS}
    if [[ ",$enabled," != *,VfioCompatFilter,* ]]; then
        enabled+=,VfioCompatFilter
    fi
    iniset $NOVA_CONF $section enabled_filters "$enabled"
    # lib/tempest tells Tempest which filters there are.
    NOVA_FILTERS=$enabled

    iniset $NOVA_CONF vfio_compat mode "$VFIO_COMPAT_MODE"
    iniset $NOVA_CONF vfio_compat unknown "$VFIO_COMPAT_UNKNOWN"
}

# The reporter has nova-compute's nova.conf, and this file for what must not
# be nova-compute's.
function configure_vfio_compat_reporter {
    local conf=$VFIO_COMPAT_REPORTER_CONF
    local root=$VFIO_COMPAT_HOST_ROOT
    rm -f $conf
    iniset $conf DEFAULT debug "$ENABLE_DEBUG_LOG_LEVEL"
    if [[ -n "$root" ]]; then
        if [[ ! -e "$root" ]]; then
            die $LINENO "VFIO_COMPAT_HOST_ROOT: there is no $root"
        fi
        iniset $conf vfio_compat host_root "$root"
    fi
    if [[ -n "$VFIO_COMPAT_DEVICE_SPEC" ]]; then
        iniset $conf pci device_spec "$VFIO_COMPAT_DEVICE_SPEC"
    fi
}

function start_vfio_compat_reporter {
    local command
    command=$(get_python_exec_prefix)/nova-vfio-compat-reporter
    command+=" --config-file $NOVA_CPU_CONF"
    command+=" --config-file $VFIO_COMPAT_REPORTER_CONF"
    run_process vfio-compat-reporter "$command"
}

function stop_vfio_compat_reporter {
    stop_process vfio-compat-reporter
}

# clean.sh itself removes nova.conf, systemd units and the database.
function cleanup_vfio_compat {
    rm -f $VFIO_COMPAT_REPORTER_CONF
    # pip_uninstall knows nothing of the global environment.
    if [[ "$GLOBAL_VENV" == "True" ]]; then
        PIP_VIRTUAL_ENV=$DEVSTACK_VENV pip_uninstall nova-vfio-compat
    else
        pip_uninstall nova-vfio-compat
    fi
}

if [[ "$1" == "stack" && "$2" == "install" ]]; then
    if is_service_enabled n-sch n-cpu; then
        echo_summary "Installing nova-vfio-compat"
        install_vfio_compat
    fi
elif [[ "$1" == "stack" && "$2" == "post-config" ]]; then
    if is_service_enabled n-sch; then
        echo_summary "Enabling VfioCompatFilter"
        configure_vfio_compat_scheduler
    fi
    if is_service_enabled n-cpu; then
        echo_summary "Configuring the reporter of VFIO devices"
        configure_vfio_compat_reporter
    fi
elif [[ "$1" == "stack" && "$2" == "extra" ]]; then
    # nova-compute was started just now; the reporter waits for its node.
    if is_service_enabled n-cpu; then
        echo_summary "Starting the reporter of VFIO devices"
        start_vfio_compat_reporter
    fi
elif [[ "$1" == "unstack" ]]; then
    stop_vfio_compat_reporter
elif [[ "$1" == "clean" ]]; then
    cleanup_vfio_compat
fi

# Restore xtrace
$_XTRACE_VFIO_COMPAT
