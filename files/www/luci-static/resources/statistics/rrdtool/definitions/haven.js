// SPDX-License-Identifier: GPL-2.0-or-later
// Charts of luci-app-statistics for what /usr/libexec/haven-collectd tells (docs/metrics.md).
'use strict';
'require baseclass';

// A chart each: what it shows, collectd's type, which series of it, the unit, a number's form and what makes it one.
const CHARTS = [
	[ _('Active here'), 'gauge', /^group_state-active$/, ' ', '%1.0lf' ],
	[ _('Time until a takeover, if the Active died'), 'gauge', /^group_expected_detection_seconds/, 'ms', '%6.1lf', '1000,*' ],
	[ _('Takeovers: the silence before, and their own time'), 'total_time_in_ms', /_seconds$/, 'ms/s', '%6.2lf' ],
	[ _('ADVERTISEMENTs'), 'derive', /^(advertisements_|became_active)/, '1/s', '%6.2lf' ],
	[ _('ADVERTISEMENTs missing in the last hour'), 'gauge', /^link_advertisements_lost/, ' ', '%5.0lf' ],
	[ _('Jitter'), 'gauge', /^link_jitter_seconds/, 'ms', '%6.2lf', '1000,*' ],
	[ _('Outage of the last drill'), 'gauge', /^drill_outage_seconds$/, 'ms', '%6.1lf', '1000,*' ],
	[ _('Connections'), 'gauge', /^connections$/, ' ', '%8.0lf' ],
	[ _('Connections copied'), 'derive', /^connections_copied_total$/, '1/s', '%6.1lf' ],
	[ _('Leases'), 'gauge', /^leases$/, ' ', '%6.0lf' ],
	[ _('Answers of checked hosts'), 'gauge', /^check_latency_seconds$/, 'ms', '%6.2lf', '1000,*' ],
	[ _('Clients of OpenVPN'), 'gauge', /^openvpn_clients$/, ' ', '%5.0lf' ],
	[ _('Up', 'haven'), 'gauge', /^(up|peer_up|wan_up|service_state-running)$/, ' ', '%1.0lf' ]
];

return baseclass.extend({
	title: 'haven',

	rrdargs: function(graph, host, plugin, plugin_instance) {
		const drawn = [];
		for (const [ title, type, wanted, unit, format, transform ] of CHARTS) {
			const series = graph.dataInstances(host, plugin, plugin_instance, type).filter((name) => wanted.test(name));
			if (series.length)
				drawn.push({
					title: '%H: haven %pi: ' + title,
					vlabel: unit,
					number_format: format,
					y_min: '0',
					data: {
						instances: { [type]: series },
						options: { [type]: { overlay: true, noarea: true, title: '%di', transform_rpn: transform || '0,+' } }
					}
				});
		}
		return drawn;
	}
});
