# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC1090
# Stand-ins that write down how rc.common, procd and jshn are called: recorder.sh SCRIPT ACTION [WORD...]
record() { echo "$*" >>"$RECORD"; }

for name in procd_open_instance procd_set_param procd_append_param procd_close_instance procd_open_data procd_close_data \
	procd_add_reload_trigger procd_add_reload_interface_trigger json_add_array json_close_array \
	json_add_object json_add_string json_close_object; do
	eval "$name() { record $name \"\$@\"; }"
done
logger() { while read -r line; do record "log $line"; done; }
service_running() { record service_running; [ "$(grep -c ^service_running "$RECORD")" -lt 3 ]; }
sleep() { record "sleep $*"; }
ubus() {
	record "ubus $*"
	case " $FAILS " in *" list "*) echo '{}' ;; *) echo '{ "haven": {} }' ;; esac
}
uci() { case "$*" in *show*) echo "${UCI:-}" ;; esac; }
nft() { record "nft $*: $(tr -s '\n\t ' ' ')"; }
haven() {
	record "haven $*"
	case " $FAILS " in *" $1 "*) return 1 ;; esac
}
# As rc.common has it.
start() { start_service "$@" && service_triggers; }
reload() { reload_service "$@"; }
stop() { stop_service "$@" && record procd_kill "$@" && service_stopped; }

. "$1"
shift
"$@"
