// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

function holder(router) {
	if (router.active && router.active.self)
		return 'self';
	return router.active && router.active.address ? 'peer' : 'nobody';
}

function linkName(router) {
	return router.interface || router.device;
}

function address(router) {
	return {
		name: router.name,
		vrid: router.vrid,
		text: router.addresses.join(', '),
		holder: holder(router),
		faults: router.faults || []
	};
}

function links(routers) {
	const found = new Map();
	for (const router of routers) {
		const name = linkName(router);
		if (!found.has(name))
			found.set(name, { name: name, device: router.device, addresses: [] });
		found.get(name).addresses.push(address(router));
	}
	return [ ...found.values() ];
}

function peerAddresses(status) {
	const heard = status.virtual_routers.filter((r) => holder(r) === 'peer').map((r) => r.active.address);
	const sync = status.conntrack && status.conntrack.peers || [];
	return [ ...new Set([ ...heard, ...sync ]) ];
}

// conntrackd and the agents speak every second; two missed ones mean that nobody may be there.
const SILENT_MS = 3000;
// Where both would be Active, the other's last word is likely to be older than its end.
const DOUBTFUL_MS = 1500;

function sync(status) {
	const table = status.conntrack;
	if (!table || !table.state)
		return null;
	const heard = table.heard_ms;
	return Object.assign({ connected: heard != null && heard < SILENT_MS, there: status.peers || [] }, table);
}

/* What is heard on the wire counts first: what the other agent told may be a second old. */
function peerState(status, table, told) {
	if (status.virtual_routers.some((r) => holder(r) === 'peer'))
		return 'active';
	if (!told.state)
		return table && table.connected ? 'backup' : 'unknown';
	const limit = told.state === 'active' && status.state === 'active' ? DOUBTFUL_MS : SILENT_MS;
	return told.heard_ms < limit ? told.state : 'unknown';
}

function peer(status, table) {
	const told = (status.peers || [])[0] || {};
	return {
		self: false,
		name: told.node || null,
		state: peerState(status, table, told),
		detail: peerAddresses(status)
	};
}

function actionable(status) {
	const groups = status.groups;
	return {
		switchable: groups.filter((g) => g.state === 'active').map((g) => g.name),
		maintenance: groups.some((g) => g.maintenance)
	};
}

return baseclass.extend({
	/* All that the pages show of a status document; no DOM, no time. */
	fromStatus(status) {
		const table = sync(status);
		return Object.assign({
			self: { self: true, name: status.node, state: status.state, since: status.since },
			peer: peer(status, table),
			links: links(status.virtual_routers),
			groups: status.groups,
			sync: table,
			problems: status.problems
		}, actionable(status));
	},

	/* The latest events first, only those that the filter names. */
	filter(events, wanted) {
		const text = (wanted.text || '').toLowerCase();
		return events.filter((e) => (!wanted.kind || e.kind === wanted.kind) &&
			(!text || JSON.stringify(e).toLowerCase().includes(text))).reverse();
	}
});
