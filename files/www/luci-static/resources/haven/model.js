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

function peerState(status, sync) {
	if (status.virtual_routers.some((r) => holder(r) === 'peer'))
		return 'active';
	return sync && sync.connected ? 'backup' : 'unknown';
}

// conntrackd speaks every second; more than a few missed ones mean that nobody is there.
const SILENT_MS = 5000;

function sync(status) {
	const table = status.conntrack;
	if (!table || !table.state)
		return null;
	const heard = table.heard_ms;
	return Object.assign({ connected: heard != null && heard < SILENT_MS, there: status.peers || [] }, table);
}

function peer(status, table) {
	const told = (status.peers || [])[0] || {};
	return {
		self: false,
		name: told.node || told.name || null,
		state: told.state || peerState(status, table),
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
