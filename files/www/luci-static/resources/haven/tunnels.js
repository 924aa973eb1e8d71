// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.panels as panels';
'require haven.words as words';

function card(kind, name, state, rows) {
	return E('div', { 'class': 'haven-card', ['data-' + kind]: name, 'data-state': state }, [ E('h4', {}, [ name ]), panels.facts(rows) ]);
}

function wireguardRows(tunnel) {
	return [
		[ _('Kind'), 'WireGuard' ],
		[ _('Interface'), tunnel.interface ],
		[ _('Group'), tunnel.group ],
		[ _('State'), message.tunnelState(tunnel) ],
		[ _('Port'), tunnel.port ? String(tunnel.port) : null ],
		[ _('Peers whose place is known'), String(tunnel.known) ]
	];
}

function openvpnRows(server) {
	return [
		[ _('Kind'), 'OpenVPN, %s'.format(server.protocol.toUpperCase()) ],
		[ _('Group'), server.group ],
		[ _('State'), server.heard ? _('running', 'haven') : _('not heard') ],
		[ _('Clients known'), String(server.clients) ],
		[ _('Called back after the last takeover'), server.called ? String(server.called) : null ]
	];
}

function dropped(session) {
	return Object.values(session.errors).reduce((sum, count) => sum + count, 0);
}

function bfdRows(session) {
	return [
		[ _('Other router'), _('%s on %s').format(session.address, session.device) ],
		[ _('State'), session.state ],
		[ _('For'), words.duration(session.for_s) ],
		[ _('Silence is noticed after'), session.state === 'Up' && session.detection_ms !== null ? _('%s ms').format(session.detection_ms) : null ],
		[ _('Virtual routers'), session.virtual_routers.join(', ') ],
		[ _('Packets dropped'), dropped(session) ? String(dropped(session)) : null ]
	];
}

function all(cards) {
	return cards.length ? E('div', {}, cards) : '';
}

return baseclass.extend({
	/* The VPNs of a router that follow a role; nothing where there are none. */
	vpn(status) {
		const tunnels = (status.wireguard || {}).tunnels || [], servers = (status.openvpn || {}).servers || [];
		return all([
			...tunnels.map((tunnel) => card('wireguard', tunnel.name, tunnel.state, wireguardRows(tunnel))),
			...servers.map((server) => card('openvpn', server.name, server.heard ? 'heard' : 'silent', openvpnRows(server)))
		]);
	},

	bfd(status) {
		return all((status.bfd || []).map((session) => card('bfd', session.name, session.state, bfdRows(session))));
	}
});
