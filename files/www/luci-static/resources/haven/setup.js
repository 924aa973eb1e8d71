// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.ipv4 as ipv4';

/*
 * What the guided set-up proposes for the answers that are missing; no DOM, no calls.
 *
 * facts: { hostname, firewall: whether it may be changed, interfaces: [ { name, device, addresses: [ '192.168.1.2/24' ], proto, up } ],
 *          sections: [ LuCI's uci sections of haven and firewall ],
 *          heard: { NAME: [ { vrid, source, addresses } ] }, null while nothing is known }
 */

const FIRST_VRID = { lan: 51, wan: 52 }, LAST_VRID = 255;
const PRIORITY = { first: '150', second: '100' };

function byName(facts, name) {
	return facts.interfaces.find((each) => each.name === name) || null;
}

/* The IPv4 networks of an interface: { value: own address, length }. */
function nets(facts, name) {
	const found = byName(facts, name);
	return found ? found.addresses.map((each) => ipv4.parse(each)).filter((each) => each && each.length !== null) : [];
}

function heardOn(facts, name) {
	return facts.heard[name] || [];
}

function bare(address) {
	return String(address || '').split('/')[0];
}

/* The other half of this pair: it advertises the very address. */
function partner(facts, name, address) {
	return heardOn(facts, name).find((each) => address && each.addresses.includes(bare(address))) || null;
}

function lan(answers, facts) {
	const addressed = facts.interfaces.filter((each) => each.addresses.length && each.name !== 'wan');
	return byName(facts, 'lan') ? 'lan' : addressed.length ? addressed[0].name : '';
}

function wan(answers, facts) {
	return answers.lan !== 'wan' && byName(facts, 'wan') ? 'wan' : '';
}

function lanAddress(answers, facts) {
	const [ net ] = nets(facts, answers.lan);
	if (!net)
		return '';
	const others = heardOn(facts, answers.lan).flatMap((each) => each.addresses.map(ipv4.number))
		.filter((each) => each !== null && ipv4.within(each, net));
	const free = [ ...others, ...ipv4.usual(net) ].find((each) => each !== net.value);
	return '%s/%d'.format(ipv4.text(free), net.length);
}

/* VRIDs that others use on an interface: number -> source. */
function taken(facts, name) {
	return new Map(heardOn(facts, name).map((each) => [ each.vrid, each.source ]));
}

function vrid(answers, facts, part) {
	const other = partner(facts, answers[part], answers[part + '_address']);
	if (other)
		return String(other.vrid);
	const used = taken(facts, answers[part]);
	// The same device may carry both, as VLANs of one switch often do: two numbers are never wrong.
	const mine = part === 'wan' ? Number(answers.lan_vrid) : 0;
	for (let number = FIRST_VRID[part]; number <= LAST_VRID; number++)
		if (!used.has(number) && number !== mine)
			return String(number);
	return '';
}

function role(answers, facts) {
	if (answers.priority)
		return Number(answers.priority) > Number(PRIORITY.second) ? 'first' : 'second';
	return partner(facts, answers.lan, answers.lan_address) ? 'second' : 'first';
}

function node(answers, facts) {
	const standard = !facts.hostname || /^(openwrt|lede|localhost)$/i.test(facts.hostname);
	return standard ? answers.role === 'second' ? 'r2' : 'r1' : facts.hostname;
}

function peerNode(answers) {
	const names = answers.role === 'second' ? [ 'r1', 'r2' ] : [ 'r2', 'r1' ];
	return names.find((name) => name !== answers.node);
}

function peerPriority(answers) {
	const own = Number(answers.priority), usual = PRIORITY[answers.role === 'first' ? 'second' : 'first'];
	const fits = answers.role === 'first' ? Number(usual) < own : Number(usual) > own;
	return fits ? usual : String(answers.role === 'first' ? Math.max(1, own - 50) : Math.min(254, own + 50));
}

function sync(answers, facts) {
	const other = facts.interfaces.find((each) => each.addresses.length && each.name !== answers.lan && each.name !== answers.wan);
	return other ? other.name : answers.lan;
}

function syncPeer(answers, facts) {
	const [ net ] = nets(facts, answers.sync);
	if (!net)
		return '';
	const [ heard ] = heardOn(facts, answers.sync);
	// Pairs are usually .1 and .2, or .2 and .3; what is the virtual address already is not it.
	const near = [ net.value ^ 1, net.value + 1, net.value - 1 ].map((each) => each >>> 0).find((each) =>
		ipv4.within(each, net) && !ipv4.reserved(each, net) && ipv4.text(each) !== bare(answers.lan_address));
	return heard ? heard.source : near === undefined ? '' : ipv4.text(near);
}

// In this order: what comes later may build on what comes before.
const PROPOSALS = [
	[ 'lan', lan ],
	[ 'wan', wan ],
	[ 'lan_address', lanAddress ],
	[ 'lan_vrid', (answers, facts) => vrid(answers, facts, 'lan') ],
	[ 'wan_address', () => '' ],
	[ 'wan_vrid', (answers, facts) => answers.wan ? vrid(answers, facts, 'wan') : '' ],
	[ 'nat', (answers, facts) => facts.firewall ? '1' : '0' ],
	[ 'dhcp', () => '1' ],
	[ 'role', role ],
	[ 'priority', (answers) => PRIORITY[answers.role] ],
	[ 'peer_priority', peerPriority ],
	[ 'node', node ],
	[ 'peer_node', peerNode ],
	[ 'preempt', () => '0' ],
	[ 'advert_interval', () => '100' ],
	[ 'sync', sync ],
	[ 'sync_peer', syncPeer ]
];

return baseclass.extend({
	nets: nets,
	byName: byName,
	partner: partner,
	taken: taken,
	bare: bare,

	/* The answers with a proposal for each one that was never given; an empty one that was given stays. */
	propose(given, facts) {
		const answers = Object.assign({ keep: [] }, given);
		for (const [ name, make ] of PROPOSALS)
			if (answers[name] == null)
				answers[name] = make(answers, facts);
		return answers;
	},

	/* The answers with what follows from them: the addresses that the sections need. */
	complete(answers, facts) {
		const [ own ] = nets(facts, answers.sync), [ net ] = nets(facts, answers.lan);
		const whole = (address, name) => {
			const written = ipv4.parse(address), [ of ] = nets(facts, name).filter((each) => written && ipv4.within(written.value, each));
			return written && written.length === null && of ? '%s/%d'.format(ipv4.text(written.value), of.length) : address;
		};
		return Object.assign({}, answers, {
			lan_address: whole(answers.lan_address, answers.lan), wan_address: whole(answers.wan_address, answers.wan),
			sync_address: own ? ipv4.text(own.value) : '', lan_network: net ? ipv4.network(net) : ''
		});
	}
});
