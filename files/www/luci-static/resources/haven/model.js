// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';

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
		holder: holder(router)
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

function sync(status) {
	const table = status.conntrack;
	return table && table.state ? Object.assign({ there: status.peers || [] }, table) : null;
}

/* What is heard on the wire counts first: what the other agent told may be a second old. */
function peerState(status, table, told) {
	if (status.virtual_routers.some((r) => holder(r) === 'peer'))
		return 'active';
	if (!told.state)
		return table && table.connected ? 'backup' : 'unknown';
	return told.fresh ? told.state : 'unknown';
}

/* By its own word, where it is paired and has said one lately. */
function peerByItself(status, others) {
	const fresh = others.filter((each) => each.fresh);
	const shown = fresh.find((each) => each.status.state === 'active') || fresh[0];
	return shown ? { self: false, name: shown.node, state: shown.status.state, detail: peerAddresses(status), age_s: shown.age_s } : null;
}

function peer(status, table, others) {
	const told = (status.peers || [])[0] || {};
	return peerByItself(status, others) || {
		self: false,
		name: told.node || null,
		state: peerState(status, table, told),
		detail: peerAddresses(status)
	};
}

/* What the other routers have to say, under their names. */
function problemsThere(others) {
	return others.filter((each) => each.fresh).flatMap((each) => each.status.problems.map((problem) =>
		Object.assign({}, problem, { about: [ each.node, problem.about ].filter(Boolean).join(', ') })));
}

function actionable(status) {
	const groups = status.groups;
	return {
		switchable: groups.filter((g) => g.state === 'active').map((g) => g.name),
		maintenance: groups.some((g) => g.maintenance)
	};
}

return baseclass.extend({
	/* All that the pages show of a status document, and of what other routers say themselves; no DOM, no time. */
	fromStatus(status, told) {
		const table = sync(status), others = told || [];
		return Object.assign({
			self: { self: true, name: status.node, state: status.state, since: status.since },
			peer: peer(status, table, others),
			links: links(status.virtual_routers),
			groups: status.groups,
			sync: table,
			problems: [ ...status.problems, ...problemsThere(others) ],
			status: status,
			others: others,
			atRisk: status.at_risk || []
		}, actionable(status));
	},

	/* The latest events first, only those that the filter names. */
	filter(events, wanted) {
		const text = (wanted.text || '').toLowerCase();
		return events.filter((e) => (!wanted.kind || e.kind === wanted.kind) &&
			(!text || (JSON.stringify(e) + message.event(e)).toLowerCase().includes(text))).reverse();
	}
});
