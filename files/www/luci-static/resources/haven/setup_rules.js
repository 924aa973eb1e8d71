// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.ipv4 as ipv4';
'require haven.setup as setup';

/*
 * What is wrong with the answers of the guided set-up (refused), and what one should know (noted).
 * A rule says nothing, or one sentence or two about its field.
 */

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;

function whole(text, low, high) {
	return /^\d+$/.test(String(text)) && text >= low && text <= high;
}

function networks(nets) {
	return nets.map((net) => ipv4.network(net)).join(', ');
}

/* A virtual address on an interface. */
function virtual(text, facts, name) {
	const written = ipv4.parse(text), nets = setup.nets(facts, name);
	if (!text)
		return _('Write an address, such as 192.168.1.1/24.');
	if (!written)
		return _('“%s” is not an IPv4 address. It looks like 192.168.1.1/24.').format(text);
	const net = nets.find((each) => ipv4.within(written.value, each));
	if (nets.length && !net)
		return _('%s is outside of %s, the network of %s.').format(text, networks(nets), name);
	return net ? inNetwork(written, net, text, name) : null;
}

function inNetwork(written, net, text, name) {
	if (written.value === net.value)
		return _('%s is the own address of this router on %s. The virtual address is a further one, that moves: take a free one, or first give this router another address under Network > Interfaces.')
			.format(setup.bare(text), name);
	if (ipv4.reserved(written.value, net))
		return _('%s is the address of the network itself, or its broadcast address.').format(text);
	if (written.length !== null && written.length !== net.length && written.length !== 32)
		return _('The network of %s has the length /%d: write %s/%d.').format(name, net.length, setup.bare(text), net.length);
	return null;
}

function lan(answers, facts) {
	if (!facts.interfaces.length)
		return _('This router has no network interface yet. Make one under Network > Interfaces.');
	if (!answers.lan)
		return _('Choose the network of your clients.');
	return setup.byName(facts, answers.lan) ? null : _('The interface %s is gone. Choose another.').format(answers.lan);
}

function wan(answers, facts) {
	if (!answers.wan)
		return null;
	if (answers.wan === answers.lan)
		return _('LAN and WAN are the same interface. Choose two, or none for the WAN.');
	return setup.byName(facts, answers.wan) ? null : _('The interface %s is gone. Choose another.').format(answers.wan);
}

function wanAddress(answers, facts) {
	if (!answers.wan || !answers.wan_address)
		return null;
	if (setup.bare(answers.wan_address) === setup.bare(answers.lan_address))
		return _('The same address is on the LAN. Each network has its own.');
	return virtual(answers.wan_address, facts, answers.wan);
}

function vrid(answers, part) {
	return whole(answers[part + '_vrid'], 1, 255) ? null : _('A VRID is a whole number from 1 to 255.');
}

function node(name) {
	return NAME.test(String(name)) ? null : _('Use letters, digits, “-” and “.”.');
}

function peerNode(answers) {
	return answers.peer_node === answers.node ? _('Both routers have the same name. Each needs its own.') : node(answers.peer_node);
}

function priority(number) {
	return whole(number, 1, 254) ? null : _('A priority is a whole number from 1 to 254.');
}

function peerPriority(answers) {
	if (String(answers.peer_priority) === String(answers.priority))
		return _('Both routers have the same priority. The one that shall be Active has the higher one.');
	const higher = Number(answers.priority) > Number(answers.peer_priority);
	if (whole(answers.peer_priority, 1, 254) && higher !== (answers.role === 'first'))
		return _('The first router has the higher priority, the second the lower one.');
	return priority(answers.peer_priority);
}

function sync(answers, facts) {
	return !answers.sync || setup.nets(facts, answers.sync).length ? null
		: _('%s has no IPv4 address. Give it one under Network > Interfaces, or choose another link.').format(answers.sync);
}

function syncPeer(answers, facts) {
	const nets = setup.nets(facts, answers.sync), peer = ipv4.number(answers.sync_peer);
	if (!answers.sync || !nets.length)
		return null;
	if (peer === null)
		return _('Write the other router\'s own address on %s, such as 192.168.1.3.').format(answers.sync);
	if (peer === nets[0].value)
		return _('%s is the address of this router. The other one has another.').format(answers.sync_peer);
	if ([ answers.lan_address, answers.wan_address ].some((each) => setup.bare(each) === answers.sync_peer))
		return _('%s is the virtual address. Write the other router\'s own one.').format(answers.sync_peer);
	return ipv4.within(peer, nets[0]) ? null
		: _('%s is outside of %s, the network of %s.').format(answers.sync_peer, ipv4.network(nets[0]), answers.sync);
}

const RULES = [
	[ 'lan', lan ],
	[ 'wan', wan ],
	[ 'lan_address', (answers, facts) => virtual(answers.lan_address, facts, answers.lan) ],
	[ 'lan_vrid', (answers) => vrid(answers, 'lan') ],
	[ 'wan_address', wanAddress ],
	[ 'wan_vrid', (answers) => answers.wan && answers.wan_address ? vrid(answers, 'wan') : null ],
	[ 'nat', (answers, facts) => answers.wan && answers.wan_address && answers.nat === '1' && !facts.firewall
		? _('This login may not change the firewall.') : null ],
	[ 'node', (answers) => node(answers.node) ],
	[ 'peer_node', peerNode ],
	[ 'priority', (answers) => priority(answers.priority) ],
	[ 'peer_priority', peerPriority ],
	[ 'sync', sync ],
	[ 'sync_peer', syncPeer ]
];

function secondNetwork(answers, facts) {
	if (facts.interfaces.length < 2)
		return _('This router has one network only. It can share the gateway address of the LAN; for a WAN, make that interface under Network > Interfaces and come back.');
	return answers.wan ? null : _('Without a WAN the gateway stays with a router that has lost its way to the Internet.');
}

function ownOn(answers, facts, part) {
	return answers[part] && answers[part + '_address'] && !setup.nets(facts, answers[part]).length
		? _('%s has no IPv4 address now, so what you write cannot be compared with it.').format(answers[part]) : null;
}

function withoutWanAddress(answers, facts) {
	return answers.wan_address || !setup.byName(facts, answers.wan) ? null : _('Without a virtual address on the WAN each router keeps its own there. The gateway moves, but connections to the Internet begin anew after a takeover, as they come from another address.');
}

function vridWhy(answers, facts, part) {
	const other = setup.partner(facts, answers[part], answers[part + '_address']);
	if (other)
		return _('%s advertises this address already, with VRID %d: it is taken for the other router of this pair, so the VRID is the same.')
			.format(other.source, other.vrid);
	const used = [ ...setup.taken(facts, answers[part]) ];
	if (facts.heard[answers[part]] && !used.length)
		return _('No other router was heard on %s, so every number is free.').format(answers[part]);
	return used.length ? _('Not to be used here, as other routers on %s have them: %s.').format(answers[part],
		used.map(([ number, who ]) => _('%d (%s)').format(number, who)).join(', ')) : null;
}

function syncWhere(answers) {
	if (!answers.sync)
		return _('Without a link connections are not copied: they break off when the other router takes over.');
	if (answers.sync === answers.wan)
		return _('What is copied is sent in clear, and believed. Over a network that others share, give both routers a secret for it: option protect under Settings.');
	return answers.sync === answers.lan ? _('A cable of its own between the routers is better: the LAN can be pulled, and whoever is in it can forge copied connections, unless both routers have a secret for it: option protect under Settings.') : null;
}

const NOTES = [
	[ 'lan_address', (answers, facts) => ownOn(answers, facts, 'lan') ],
	[ 'wan', secondNetwork ],
	[ 'wan_address', withoutWanAddress ],
	[ 'wan_address', (answers, facts) => ownOn(answers, facts, 'wan') ],
	[ 'lan_vrid', (answers, facts) => vridWhy(answers, facts, 'lan') ],
	[ 'wan_vrid', (answers, facts) => answers.wan && answers.wan_address ? vridWhy(answers, facts, 'wan') : null ],
	[ 'sync', syncWhere ]
];

function told(rules, answers, facts) {
	return rules.map(([ field, rule ]) => ({ field: field, message: rule(answers, facts) })).filter((each) => each.message);
}

return baseclass.extend({
	/* What has to be put right, as { field, message }. */
	refused(answers, facts) {
		return told(RULES, answers, facts);
	},

	/* What one should know, as { field, message }; nothing of it stands in the way. */
	noted(answers, facts) {
		return told(NOTES, answers, facts);
	}
});
