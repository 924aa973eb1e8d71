// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require uci';
'require rpc';
'require haven.api as api';
'require haven.ipv4 as ipv4';

const getInterfaces = rpc.declare({ object: 'network.interface', method: 'dump', expect: { interface: [] } });

// They have no IPv4 address, and name the device of another interface.
const IPV6_ONLY = /^(dhcpv6|6in4|6to4|6rd)$/;

function asList(value) {
	return Array.isArray(value) ? value : String(value || '').split(/\s+/).filter(Boolean);
}

/* What is configured, for an interface that is not up. */
function configured(section) {
	const length = ipv4.lengthOf(section.netmask);
	return asList(section.ipaddr).map((each) => each.includes('/') || length === null ? each : each + '/' + length);
}

function seen(status) {
	return (status['ipv4-address'] || []).map((each) => '%s/%d'.format(each.address, each.mask));
}

function described(section, status) {
	const now = status ? seen(status) : [];
	return {
		name: section['.name'], proto: section.proto || '', up: !!(status && status.up),
		device: status && (status.l3_device || status.device) || section.device || '',
		addresses: now.length ? now : configured(section)
	};
}

function interfaces(dump) {
	return uci.sections('network', 'interface')
		.filter((section) => section['.name'] !== 'loopback' && !IPV6_ONLY.test(section.proto))
		.map((section) => described(section, dump.find((each) => each.interface === section['.name'])));
}

function sections() {
	return [ 'haven', 'firewall' ].flatMap((config) => uci.sections(config).filter((each) => config === 'haven' || each['.type'] === 'nat')
		.map((each) => Object.assign({}, each, { '.config': config })));
}

return baseclass.extend({
	sections: sections,

	/* What the set-up has to know of this router; rejects where haven's own configuration cannot be read. */
	load() {
		// The own address and the translation are for those who may see the network and the firewall.
		const allowed = (name) => uci.load(name).then(() => true, () => false);
		return Promise.all([ uci.load('haven'), allowed('network'), allowed('firewall'), allowed('system'),
			L.resolveDefault(getInterfaces(), []) ]).then(([ , , firewall, system, dump ]) => ({
			hostname: system ? uci.get_first('system', 'system', 'hostname') : '', firewall: firewall,
			interfaces: interfaces(dump), sections: sections(), heard: {}
		}));
	},

	/* Listen on interfaces for three seconds, on each once; resolves to whether there is anything new to know. */
	hear(facts, names) {
		const unheard = facts.interfaces.filter((each) => names.includes(each.name) && each.device && facts.heard[each.name] === undefined);
		for (const each of unheard)
			facts.heard[each.name] = null;
		// All in one call: uhttpd carries out one after the other.
		return !unheard.length ? Promise.resolve(false) : api.heard(unheard.map((each) => each.device)).then((heard) => {
			for (const each of unheard)
				facts.heard[each.name] = heard[each.device] || null;
			return true;
		}, () => false);
	}
});
