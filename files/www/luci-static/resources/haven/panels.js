// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.picture as picture';
'require haven.words as words';

function facts(rows) {
	return E('dl', { 'class': 'haven-facts' }, rows.filter((row) => row[1] !== null && row[1] !== '')
		.flatMap(([ name, value ]) => [ E('dt', {}, [ name ]), E('dd', {}, [ value ]) ]));
}

// What a problem is about has a name of the user's, or of a program; but these are words.
const ABOUT = { configuration: _('configuration'), 'set-up': _('set-up') };

function problem(each) {
	const severe = each.severity === 'error' ? ' haven-severe' : '';
	return E('div', { 'class': 'haven-problem' + severe, 'data-code': each.code }, [
		E('strong', {}, [ each.about ? '%s: '.format(ABOUT[each.about] || each.about) : '' ]),
		message.problem(each),
		E('p', { 'class': 'haven-advice' }, [ message.advice(each) ])
	]);
}

function share(table) {
	return table.limit ? _('%d of %d').format(table.entries, table.limit) : String(table.entries);
}

function there(peer) {
	return [ _('Connections on %s').format(peer.node || peer.address), peer.fresh ? share(peer) : _('not heard') ];
}

function isInSync(sync) {
	return sync.connected && sync.in_sync && sync.there.every((peer) => peer.fresh && peer.in_sync !== false);
}

/* What has been lost lately; the copy lacks it until it is renewed, and then it is over. */
function lostLately(lately) {
	if (!lately || !lately.lost)
		return null;
	return _('%d in the last %s; sent again with the next renewal').format(lately.lost, words.duration(lately.for_s));
}

function syncRows(sync, isCopy) {
	return [
		[ _('Connections here'), share(sync) ],
		...sync.there.map(there),
		[ _('Copied from the other router'), String(sync.injected) ],
		[ _('Other router'), (sync.peers || []).join(', ') ],
		[ _('Last heard'), sync.heard_ms == null ? _('never', 'haven') : words.ago(sync.heard_ms / 1000) ],
		[ _('Both tables'), isInSync(sync) ? _('in sync') : _('not in sync') ],
		[ _('Lost messages'), isCopy ? lostLately(sync.lately) : null ]
	];
}

/* How soon it would take over from an Active that dies now, and by what it would know. */
function detection(found) {
	if (!found)
		return null;
	const after = _('%s s after the Active has died').format(Number((found.after_ms / 1000).toPrecision(2)));
	const ways = found.ways.filter((way) => way.believed).map((way) => way.device);
	if (found.by === 'heartbeat')
		return _('%s: its kernel answers on %s').format(after, [ ...new Set(ways) ].join(', '));
	if (found.by === 'bfd')
		return _('%s: its BFD session fails').format(after);
	return found.ways.length ? _('%s: its kernel does not answer well enough, or not yet').format(after) : after;
}

function groupRows(group, now) {
	const last = group.last_transition;
	return [
		[ _('Group'), group.name ],
		[ _('State'), message.state(group.state) ],
		[ _('Since'), words.moment(group.since, now) ],
		[ _('Why'), message.reason(last) ],
		[ _('Would take over'), detection(group.detection) ],
		[ _('Virtual routers'), group.members.join(', ') ],
		[ _('Maintenance'), group.maintenance ? _('on', 'haven') : null ],
		[ _('Waits for'), group.sync_wait_ms ? _('the connections, %d s at most').format(Math.ceil(group.sync_wait_ms / 1000)) : null ]
	];
}

function lasts(lease) {
	return lease.left_s == null ? null : _('%s more').format(words.duration(lease.left_s));
}

/* The Active has what a WAN was given; another router would go on with it. */
function wanRows(wan) {
	const lease = wan.lease, isOwn = wan.state === 'up', names = lease ? [ ...lease.addresses, ...lease.prefixes ].join(', ') : null;
	return [
		[ _('Interface'), '%s (%s)'.format(wan.interface, [ wan.proto, wan.device ].filter(Boolean).join(', ') || '-') ],
		[ _('Group'), wan.group ],
		[ _('State'), message.wanState(wan) ],
		[ isOwn ? _('Lease') : _('Would go on with'), names ],
		[ _('Lasts'), lease ? lasts(lease) : null ],
		[ isOwn ? _('PPPoE session') : _('Session of the Active'), wan.session ? String(wan.session.id) : null ]
	];
}

function leasesThere(peer) {
	const known = peer.known === null ? _('not reached') : String(peer.known);
	return [ _('Leases on %s').format(peer.node), peer.known === null || peer.in_sync ? known : _('%s so far').format(known) ];
}

function milliseconds(value) {
	return value === null ? null : _('%s ms').format(Number(value.toPrecision(3)));
}

/* Whether an answer to a client waits until the other router knows its lease. */
function held(table) {
	if (!table.serves.length)
		return null;
	return table.holds ? _('until the other router knows the lease') : _('clients have their leases at once');
}

function leaseRows(table) {
	return [
		[ _('Leases here'), String(table.known) ],
		...table.peers.map(leasesThere),
		[ _('Answers clients on'), table.serves.join(', ') || _('none: the DHCP server of this router is silent') ],
		[ _('An answer waits'), held(table) ],
		[ _('Usual wait'), milliseconds(table.waited_ms) ],
		[ _('Longest wait'), milliseconds(table.longest_ms) ],
		[ _('Given before another router knew'), table.alone ? String(table.alone) : null ]
	];
}

function routerRows(status, now) {
	return [
		[ _('State'), message.state(status.state) ],
		[ _('Since'), words.moment(status.since, now) ],
		[ _('Maintenance'), status.groups.some((group) => group.maintenance) ? _('on', 'haven') : null ],
		[ _('Problems'), status.problems.map((each) => message.problem(each)).join(' ') || _('none', 'haven') ]
	];
}

function otherRows(other, now) {
	const peer = other.peer, heard = peer.heard_ms;
	return [
		...other.status ? routerRows(other.status, now) : [ [ _('State'), message.state(peer.state) ] ],
		[ _('Own word'), other.age_s === null ? _('never', 'haven') : words.ago(other.age_s) ],
		[ _('Last heard'), heard == null ? _('not reached: %s').format(message.failureWords(peer.trouble || 'no answer')) : words.ago(heard / 1000) ],
		[ _('Reached at'), peer.address ],
		[ _('Version of haven'), peer.version ]
	];
}

function router(name, rows, kind) {
	return E('div', { 'class': 'haven-card ' + kind, 'data-router': name }, [ E('h4', {}, [ name ]), facts(rows) ]);
}

function ownVersion(shown) {
	return (shown.status.channel || {}).version || null;
}

/* What brings routers of different versions together. */
function otherVersions(shown) {
	const own = ownVersion(shown), others = shown.others.filter((other) => own && other.peer.version && other.peer.version !== own);
	return others.map((other) => E('div', { 'class': 'haven-noted', 'data-other-version': other.node }, [
		_('%s runs haven %s, this router %s. With the files of its packages one command on either gives both the newer one, and no connection is lost:')
			.format(other.node, other.peer.version, own),
		E('pre', {}, [ 'haven upgrade FILE...' ])
	]));
}

return baseclass.extend({
	facts: facts,

	/* Each router by its own word; what is old is pale. */
	routers(shown, now) {
		if (!shown.others.length)
			return E('p', {}, [ _('No router is paired with this one. Set-up shows a code by which another one joins.') ]);
		return E('div', { 'class': 'haven-columns' }, [
			router(shown.self.name, [ ...routerRows(shown.status, now), [ _('Own word'), _('this router') ],
				[ _('Version of haven'), ownVersion(shown) ] ], ''),
			...shown.others.map((other) => router(other.node, otherRows(other, now), other.fresh ? '' : 'haven-old')),
			...otherVersions(shown)
		]);
	},

	problems(model) {
		const risk = message.atRisk(model.atRisk);
		if (!model.problems.length && !risk)
			return E('p', { 'class': 'haven-calm' }, [ _('No problem is known.') ]);
		return E('div', {}, [
			risk ? E('div', { 'class': 'haven-problem', 'data-at-risk': model.atRisk[0].code }, [ risk ]) : '',
			...model.problems.map(problem)
		]);
	},

	picture(model) {
		return E('div', {}, [ E('h4', {}, [ picture.summary(model) ]), picture.render(model) ]);
	},

	/* What a pair looks like, for somebody who has none yet. */
	example() {
		const address = { text: '192.168.1.1/24', holder: 'self' };
		return E('figure', { 'class': 'haven-example', 'data-part': 'example' }, [
			picture.render({
				self: { self: true, name: 'r1', state: 'active' }, peer: { name: 'r2', state: 'backup', detail: [ '192.168.1.3' ] },
				links: [ { name: 'lan', addresses: [ address ] } ], sync: { connected: true, in_sync: true }
			}),
			E('figcaption', {}, [ _('An example: the clients have one gateway, which is on whichever router works.') ])
		]);
	},

	groups(model, now) {
		if (!model.groups.length)
			return E('p', {}, [ _('This router runs no virtual router.') ]);
		return E('div', {}, model.groups.map((group) => E('div', { 'class': 'haven-card' }, [ facts(groupRows(group, now)) ])));
	},

	sync(model) {
		if (!model.sync)
			return E('p', {}, [ _('Connections are not copied: the section “conntrack” is not enabled, or the agent has not reported yet.') ]);
		return E('div', { 'class': 'haven-card' }, [ facts(syncRows(model.sync, model.self.state !== 'active')) ]);
	},

	/* Of a WAN that is dialled and of common leases; nothing where there are none. */
	wan(model) {
		const found = (model.status.wan || {}).wans || [];
		return found.length ? E('div', {}, found.map((wan) => E('div', { 'class': 'haven-card', 'data-wan': wan.name, 'data-state': wan.state }, [
			E('h4', {}, [ wan.name ]), facts(wanRows(wan)) ]))) : '';
	},

	leases(model) {
		const table = model.status.leases;
		return table ? E('div', { 'class': 'haven-card' }, [ facts(leaseRows(table)) ]) : '';
	},

	events(events, now) {
		if (!events.length)
			return E('p', {}, [ _('Nothing to show.') ]);
		return E('ul', { 'class': 'haven-events' }, events.map((event) => E('li', {}, [
			E('time', { 'data-at': event.at }, [ words.moment(event.at, now) ]), message.event(event)
		])));
	},

	/* Let the ages of events go on, without drawing these anew. */
	renewAges(place, now) {
		for (const time of place.querySelectorAll('time[data-at]'))
			time.textContent = words.moment(Number(time.dataset.at), now);
	},

	trouble(error, age) {
		const said = words.trouble(error);
		return E('div', { 'class': 'alert-message warning', 'data-trouble': error.kind }, [
			E('strong', {}, [ said.what ]), ' ', said.advice,
			age == null ? '' : E('p', {}, [ _('What is shown here is %s old.').format(words.duration(age)) ]),
			said.detail ? E('p', { 'class': 'haven-small' }, [ said.detail ]) : ''
		]);
	},

	/* The frame of every page: its title and the style sheet. */
	page(title, help, children) {
		return E('div', { 'class': 'haven' }, [
			E('link', { rel: 'stylesheet', href: L.resource('haven/haven.css') }),
			E('h2', {}, [ title ]), E('div', { 'class': 'cbi-map-descr' }, [ help ]), ...children
		]);
	}
});
