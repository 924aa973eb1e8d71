// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.uci_text as text';

/*
 * Answers of the guided set-up <-> sections of the configuration. A section is an object of LuCI's uci
 * module: options beside .config, .type and .name. Whatever the answers do not speak of stays.
 */

const GROUP = 'gateway', NAT = 'haven_nat';

// What belongs to one router and cannot be told to the other by mirroring the answers.
const OWN = [ 'unicast_peer', 'source_address' ];

// Which answer a refused option comes from, for each part.
const ANSWERS = {
	main: { node: 'node', keep: 'keep' },
	group: { preempt: 'preempt' },
	lan: { interface: 'lan', vrid: 'lan_vrid', priority: 'priority', address: 'lan_address',
		advert_interval: 'advert_interval', track_interface: 'wan' },
	wan: { interface: 'wan', vrid: 'wan_vrid', priority: 'priority', address: 'wan_address',
		advert_interval: 'advert_interval' },
	conntrack: { interface: 'sync', address: 'sync', peer_address: 'sync_peer' },
	dhcp: { interface: 'lan', virtual_router: 'lan' },
	nat: {}
};

function list(value) {
	return Array.isArray(value) ? value : value == null || value === '' ? [] : [ value ];
}

function ofType(sections, type) {
	return sections.filter((section) => section['.type'] === type && section['.config'] !== 'firewall');
}

function isIpv4(router) {
	return list(router.address).every((address) => !address.includes(':'));
}

function routersOn(sections, name) {
	return name ? ofType(sections, 'virtual_router').filter((each) => each.interface === name && isIpv4(each)) : [];
}

// Sections of every type share their names.
function freeName(sections, wish, word) {
	const taken = (name) => sections.some((section) => section['.name'] === name);
	return taken(wish) ? word + '_' + wish : wish;
}

function grouped(sections, lan, wan) {
	const name = lan && lan.group || wan && wan.group;
	return ofType(sections, 'group').find((group) => name ? group['.name'] === name : group['.name'] === GROUP);
}

/* The sections that stand for the parts of the set-up now. */
function present(sections, answers) {
	const [ lan ] = routersOn(sections, answers.lan);
	const [ wan ] = routersOn(sections, answers.wan);
	return {
		main: ofType(sections, 'haven')[0],
		group: grouped(sections, lan, wan),
		lan: lan,
		wan: wan,
		conntrack: ofType(sections, 'conntrack')[0],
		dhcp: ofType(sections, 'dhcp').find((each) => each.interface === answers.lan),
		nat: sections.find((each) => each['.config'] === 'firewall' && each['.name'] === NAT)
	};
}

function names(sections, answers, found) {
	const wished = { main: 'main', group: GROUP, conntrack: 'conntrack', dhcp: 'dhcp_' + answers.lan, nat: NAT,
		lan: freeName(sections, answers.lan, 'vr'), wan: freeName(sections, answers.wan, 'vr') };
	for (const part in found)
		if (found[part])
			wished[part] = found[part]['.name'];
	return wished;
}

// The first address is the one of the answer; further ones were added under Settings.
function addresses(section, address) {
	return [ address, ...list(section && section.address).slice(1) ];
}

// With a virtual address on the WAN its fault moves the group anyway.
function tracks(section, answers) {
	const others = list(section && section.track_interface).filter((name) => name !== answers.wan);
	const wanted = answers.wan && !answers.wan_address ? [ ...others, answers.wan ] : others;
	return wanted.length ? wanted : null;
}

function router(answers, part, section, group) {
	return {
		group: group, interface: answers[part], vrid: answers[part + '_vrid'], priority: answers.priority,
		advert_interval: answers.advert_interval, address: addresses(section, answers[part + '_address'])
	};
}

function translation(answers) {
	return { name: 'haven: one address on the WAN', src: answers.wan, src_ip: answers.lan_network, proto: [ 'all' ],
		target: 'SNAT', snat_ip: answers.wan_address.split('/')[0] };
}

/* Each part: its type and the options that the answers ask for; no options where it shall not be. */
function parts(answers, found, called) {
	const onWan = answers.wan && answers.wan_address;
	return {
		main: [ 'haven', { enabled: '1', node: answers.node, keep: answers.keep.length ? answers.keep : null } ],
		group: [ 'group', { preempt: answers.preempt } ],
		lan: [ 'virtual_router', Object.assign(router(answers, 'lan', found.lan, called.group),
			{ track_interface: tracks(found.lan, answers) }) ],
		wan: [ 'virtual_router', onWan ? router(answers, 'wan', found.wan, called.group) : null ],
		conntrack: [ 'conntrack', answers.sync ? { enabled: '1', interface: answers.sync, address: answers.sync_address,
			peer_address: [ answers.sync_peer, ...list(found.conntrack && found.conntrack.peer_address).slice(1) ] } : null ],
		dhcp: [ 'dhcp', answers.dhcp === '1' ? { interface: answers.lan, virtual_router: called.lan } : null ],
		nat: [ 'nat', onWan && answers.nat === '1' ? translation(answers) : null ]
	};
}

function same(now, wanted) {
	return JSON.stringify(list(now).map(String)) === JSON.stringify(list(wanted).map(String));
}

function optionChange(place, section, option, value) {
	if (value == null)
		return section && section[option] != null ? [ Object.assign({ kind: 'unset', option: option }, place) ] : [];
	if (section && same(section[option], value))
		return [];
	const there = !!section && section[option] != null;
	return [ Object.assign({ kind: 'set', option: option, value: value, there: there }, place) ];
}

function partChanges(part, name, section, [ type, options ]) {
	const place = { config: part === 'nat' ? 'firewall' : 'haven', section: name, part: part };
	if (options)
		return [ ...(section ? [] : [ Object.assign({ kind: 'add', type: type }, place) ]),
			...Object.keys(options).flatMap((option) => optionChange(place, section, option, options[option])) ];
	if (!section)
		return [];
	// A link that is switched off keeps what was set there by hand.
	return part === 'conntrack' ? optionChange(place, section, 'enabled', '0')
		: [ Object.assign({ kind: 'remove' }, place) ];
}

/* Options that were set by hand on the other router, where the answers do not speak of them. */
function beside(wanted, carried) {
	for (const part in wanted) {
		const more = Object.entries(carried[part] || {}).filter(([ option ]) => option[0] !== '.' && !OWN.includes(option));
		if (wanted[part][1])
			wanted[part][1] = Object.assign(Object.fromEntries(more), wanted[part][1]);
	}
	return wanted;
}

function carryOut(sections, change) {
	if (change.kind === 'remove')
		return sections.filter((each) => each['.name'] !== change.section || each['.config'] !== change.config);
	if (change.kind === 'add')
		return [ ...sections, { '.config': change.config, '.type': change.type, '.name': change.section } ];
	return sections.map((each) => each['.name'] === change.section && each['.config'] === change.config
		? Object.assign({}, each, { [change.option]: change.kind === 'unset' ? null : change.value }) : each);
}

function mirror(answers) {
	return Object.assign({}, answers, {
		node: answers.peer_node, peer_node: answers.node,
		priority: answers.peer_priority, peer_priority: answers.priority,
		sync_address: answers.sync_peer, sync_peer: answers.sync_address
	});
}

function forPeer(section, options, name) {
	const all = Object.assign({}, section, options);
	const kept = Object.keys(all).filter((option) => option[0] !== '.' && all[option] != null && !OWN.includes(option));
	const place = { config: section['.config'], section: name };
	return [ Object.assign({ kind: 'add', type: section['.type'] }, place),
		// Pasted twice, a list must not have each value twice.
		...kept.map((option) => Object.assign({ kind: 'set', option: option, value: all[option], there: true }, place)) ];
}

// The other router may have no section yet whose name the system gave.
function peerName(part, name, answers) {
	const wished = { main: 'main', conntrack: 'conntrack', dhcp: 'dhcp_' + answers.lan };
	return /^cfg[0-9a-f]{6}$/.test(name) && wished[part] || name;
}

return baseclass.extend({
	/* What the sections answer; only the keys that they speak of. */
	answers(sections, lan, wan) {
		const found = present(sections, { lan: lan, wan: wan });
		const known = {};
		const tell = (part, option, answer) => {
			if (found[part] && found[part][option] != null)
				known[answer] = list(found[part][option])[0];
		};
		for (const part of [ 'main', 'group', 'lan', 'wan' ])
			for (const option in ANSWERS[part])
				if (![ 'interface', 'track_interface', 'keep' ].includes(option))
					tell(part, option, ANSWERS[part][option]);
		if (found.conntrack && found.conntrack.enabled === '1') {
			tell('conntrack', 'interface', 'sync');
			tell('conntrack', 'peer_address', 'sync_peer');
		}
		if (found.main && list(found.main.keep).length)
			known.keep = list(found.main.keep);
		return Object.assign(known, found.lan ? { dhcp: found.dhcp ? '1' : '0', nat: found.nat ? '1' : '0' } : {});
	},

	/* Which interfaces the sections use as LAN and WAN, as far as they say. */
	interfaces(sections) {
		const routers = ofType(sections, 'virtual_router').filter((each) => each.interface && isIpv4(each));
		const lan = routers.find((each) => each.interface === 'lan') || routers[0];
		const wan = routers.find((each) => each !== lan && each.group === (lan && lan.group));
		const tracked = list(lan && lan.track_interface).find((name) => !name.includes(':'));
		return { lan: lan && lan.interface, wan: wan ? wan.interface : tracked };
	},

	/* Why these answers must not be written over what is there; sentences. */
	refusals(sections, answers) {
		const refused = [];
		for (const name of [ answers.lan, answers.wan ].filter(Boolean))
			if (routersOn(sections, name).length > 1)
				refused.push(_('There are several virtual routers on %s. Change them under Settings.').format(name));
		// Watched like any other, it would be down on the router that is to take over.
		if (ofType(sections, 'wan').some((each) => each.interface === answers.wan))
			refused.push(_('%s is dialled by the Active alone: choose no WAN here, and change the section “wan” under Settings.').format(answers.wan));
		const [ lan ] = routersOn(sections, answers.lan), [ wan ] = routersOn(sections, answers.wan);
		if (lan && wan && lan.group !== wan.group)
			refused.push(_('%s and %s are in different groups, so that they do not move together. Change that under Settings.')
				.format(answers.lan, answers.wan));
		return refused;
	},

	/* What has to be changed so that the sections say what the answers say, and beside it what `carried` says. */
	changes(sections, answers, carried) {
		const found = present(sections, answers);
		const called = names(sections, answers, found);
		const wanted = beside(parts(answers, found, called), present(carried || [], answers));
		return Object.keys(wanted).flatMap((part) => partChanges(part, called[part], found[part], wanted[part]));
	},

	/* The sections as they are after the changes. */
	after(sections, changes) {
		return changes.reduce(carryOut, sections);
	},

	/* Sections that the answers do not speak of. */
	untouched(sections, answers) {
		const found = Object.values(present(sections, answers));
		return sections.filter((each) => each['.config'] !== 'firewall' && !found.includes(each));
	},

	/* What makes the other router the second half of the pair; `sections` are those after the changes. */
	forPeer(sections, answers) {
		const mirrored = mirror(answers);
		const found = present(sections, answers);
		const called = names(sections, answers, found);
		const wanted = parts(mirrored, found, called);
		return Object.keys(wanted).filter((part) => found[part] && wanted[part][1])
			.flatMap((part) => forPeer(found[part], wanted[part][1], peerName(part, called[part], answers)));
	},

	/* The field of the set-up that a problem of the configuration belongs to, or null. */
	fieldOf(problem, sections, answers) {
		const found = present(sections, answers);
		const part = Object.keys(found).find((each) => found[each] && found[each]['.name'] === problem.section_name);
		return part && ANSWERS[part][problem.option] || null;
	},

	/* The whole of /etc/config/haven after the changes, as text. */
	file(sections) {
		return text.file(sections.filter((each) => each['.config'] !== 'firewall'));
	}
});
