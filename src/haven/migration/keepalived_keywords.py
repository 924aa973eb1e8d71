# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived.conf(5) of 2.4 knows and haven has no option for, with the code of the remark on it."""

# In which states a script was run, as haven's scripts are told it in ACTION.
NOTIFY = {
    "notify": "active, backup or fault",
    "notify_master": "active",
    "notify_backup": "backup",
    "notify_fault": "fault",
    "notify_stop": "backup",
    "notify_deleted": "backup",
    "notify_master_rx_lower_pri": "active",
}


def _rows(**codes: str) -> dict[str, str]:
    return {keyword: code.replace("_", "-") for code, words in codes.items() for keyword in words.split()}


_GARP = (
    "garp_master_delay garp_master_repeat garp_master_refresh_repeat garp_lower_prio_delay "
    "garp_lower_prio_repeat garp_extra_if vmac_garp_intvl"
)

INSTANCE = _rows(
    mail="smtp_alert",
    lvs_sync="lvs_sync_daemon_interface",
    own_timing=_GARP,
    needless="debug native_ipv6 preempt linkbeat_use_polling skip_check_adv_addr check_unicast_src "
    "kernel_rx_buf_size promote_secondaries vmac_xmit_base unicast_fault_no_peer old_unicast_checksum "
    "notify_priority_changes",
    protocol_rule="down_timer_adverts timer_expired_backup thread_timer_expired owner_ignore_adverts "
    "higher_prio_send_advert lower_prio_no_advert",
    rules="virtual_rules",
    ipvlan="use_ipvlan",
    vmac_elsewhere="use_vmac_addr",
    vrf="vrf",
    primary_tracked="dont_track_primary",
    source_tracked="track_src_ip",
    no_address="no_virtual_ipaddress",
)

GROUP = _rows(
    mail="smtp_alert",
    needless="global_tracking sync_group_tracking_weight notify_priority_changes",
)

TOP = _rows(
    lvs="virtual_server virtual_server_group SSL real_server",
    static_address="static_ipaddress",
    static_route="static_routes",
    static_rule="static_rules",
    track_file="track_file vrrp_track_file",
    needless="track_group garp_group linkbeat_interfaces linkbeat_use_polling child_wait_time use_pid_dir "
    "namespace_with_ipsets",
    debounce="interface_up_down_delays",
    namespace="net_namespace net_namespace_ipvs instance",
)

GLOBAL = _rows(
    mail="notification_email notification_email_from smtp_server smtp_helo_name smtp_connect_timeout "
    "smtp_alert smtp_alert_vrrp smtp_alert_checker no_email_faults no_checker_emails",
    start_script="startup_script shutdown_script",
    notify_fifo="notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script lvs_notify_fifo "
    "lvs_notify_fifo_script",
    start_delay="vrrp_startup_delay vrrp_delay_after_boot",
    own_timing=" ".join(
        f"vrrp_{each}" for each in (*_GARP.split(), "garp_interval", "gna_interval", "min_garp")
    ),
    protocol_rule="vrrp_down_timer_adverts vrrp_owner_ignore_adverts vrrp_higher_prio_send_advert "
    "vrrp_lower_prio_no_advert",
    snmp="snmp_socket enable_traps enable_snmp_vrrp enable_snmp_keepalived enable_snmp_rfc enable_snmp_rfcv2 "
    "enable_snmp_rfcv3 enable_snmp_checker enable_dbus dbus_service_name dbus_no_interface_name "
    "snmp_vs_stats_update_interval snmp_rs_stats_update_interval",
    lvs_sync="lvs_sync_daemon",
    needless="router_id process_names process_name vrrp_process_name checker_process_name lvs_process_name "
    "bfd_process_name use_symlink_paths set_supplementary_groups startup_script_timeout "
    "shutdown_script_timeout max_auto_priority min_auto_priority_delay checker_log_all_failures "
    "dynamic_interfaces disable_local_igmp lvs_timeouts lvs_flush lvs_flush_on_stop lvs_flush_onstop "
    "vrrp_iptables vrrp_ipsets nftables nftables_priority nftables_ifindex vrrp_check_unicast_src "
    "vrrp_skip_check_adv_addr vrrp_priority vrrp_no_swap vrrp_cpu_affinity vrrp_rlimit_rttime "
    "vrrp_rlimit_rtime nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark nftables_counters "
    "vrrp_notify_priority_changes fifo_write_vrrp_states_on_reload checker_priority checker_no_swap "
    "checker_rt_priority checker_cpu_affinity checker_rlimit_rttime checker_rlimit_rtime bfd_priority "
    "bfd_no_swap bfd_rt_priority bfd_cpu_affinity bfd_rlimit_rttime bfd_rlimit_rtime "
    "enable_script_security vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force "
    "vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs "
    "process_monitor_rcv_bufs_force lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force "
    "lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force rs_init_notifies vrrp_rx_bufs_policy "
    "vrrp_rx_bufs_multiplier log_unknown_vrids vmac_prefix vmac_addr_prefix umask random_seed "
    "reload_check_config reload_time_file reload_repeat reload_file include_check config_save_dir "
    "tmp_config_directory data_use_instance json_version iproute_usr_dir iproute_etc_dir state_dump_file "
    "stats_dump_file json_dump_file linkbeat_use_polling instance",
    namespace="net_namespace net_namespace_ipvs",
)
