#!/usr/bin/env bash
#
# SPDX-License-Identifier: Apache-2.0
#
# drive.sh stack|unstack|clean: what these scripts of DevStack do for a
# plugin and for nova, in their order, with their functions, and nothing else
# of what they do. $SCRATCH holds everything that is read and written.

TOP_DIR=$SCRATCH/devstack
cd $TOP_DIR || exit 1
source $TOP_DIR/stackrc
SYSTEMD_DIR=$SCRATCH/units
source $TOP_DIR/lib/database
source $TOP_DIR/lib/rpc_backend
source $TOP_DIR/lib/tls
source $TOP_DIR/lib/apache
source $TOP_DIR/lib/libraries
source $TOP_DIR/lib/keystone
source $TOP_DIR/lib/placement
source $TOP_DIR/lib/neutron
source $TOP_DIR/lib/nova
NOVA_CONF_DIR=$SCRATCH/etc
NOVA_CONF=$NOVA_CONF_DIR/nova.conf
NOVA_CPU_CONF=$NOVA_CONF_DIR/nova-cpu.conf

function echo_summary {
    echo "$@"
}

case $1 in
    stack)
        run_phase override_defaults
        run_phase source
        run_phase stack pre-install
        run_phase stack install
        create_nova_conf
        if [[ -e $SCRATCH/other-plugin ]]; then
            source $SCRATCH/other-plugin
        fi
        run_phase stack post-config
        if is_service_enabled n-cpu; then
            start_nova_compute
        fi
        run_phase stack extra
        run_phase stack test-config
        echo "FILTERS FOR TEMPEST: $NOVA_FILTERS"
        ;;
    unstack)
        run_phase override_defaults
        load_plugin_settings
        run_phase unstack
        ;;
    clean)
        load_plugin_settings
        run_phase clean
        ;;
esac
