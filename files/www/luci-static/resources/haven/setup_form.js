// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require form';

const SPEEDS = [ [ '100', _('about 0.4 seconds: routers on one cable or switch') ],
	[ '300', _('about 1.2 seconds') ], [ '1000', _('about 3.6 seconds: routers on a radio link, or a busy one') ] ];

function interfaceName(each) {
	return each.addresses.length ? '%s (%s)'.format(each.name, each.addresses.join(', ')) : each.name;
}

function offer(option, facts, none) {
	if (none)
		option.value('', none);
	for (const each of facts.interfaces)
		option.value(each.name, interfaceName(each));
}

/* All choices are seen at once: the words are too long for a list that folds. */
function choices(option, pairs) {
	option.widget = 'radio';
	option.orientation = 'vertical';
	for (const [ value, words ] of pairs)
		option.value(value, words);
}

function onlyWith(option, place) {
	option.depends(place, /./);
}

/* One row is one question: its name, its widget, its title, its help, and what more it needs. */
const STEPS = [
	{ id: 'networks', title: _('Networks', 'haven'),
		says: _('haven lets two routers share one gateway address. Say which network your devices are on, and which one leads to the Internet.'),
		fields: [
			[ 'lan', form.ListValue, _('LAN'), _('The network of your devices.'), (o, facts) => offer(o, facts) ],
			[ 'wan', form.ListValue, _('WAN'), _('When it fails here, the other router becomes the gateway.'),
				(o, facts) => offer(o, facts, _('none', 'haven')) ]
		] },
	{ id: 'addresses', title: _('Addresses'),
		says: _('A virtual address belongs to whichever router works; each router keeps its own address beside it. The VRID is the number by which the routers know it: the same on both, and no other pair on this network may have it.'),
		fields: [
			[ 'lan_address', form.Value, _('Virtual address on the LAN'), _('Your devices use it as their gateway and DNS server.') ],
			[ 'lan_vrid', form.Value, _('VRID on the LAN'), _('From 1 to 255.') ],
			[ 'dhcp', form.Flag, _('Tell the devices by DHCP'),
				_('The DHCP server of this router gives them the virtual address as gateway and DNS server; it is taken back with haven.') ],
			[ 'wan_address', form.Value, _('Virtual address on the WAN'),
				_('A further fixed address of your provider, if you have one. Leave it empty if the WAN gets its address by DHCP or PPPoE.'),
				(o) => onlyWith(o, 'json.networks.wan') ],
			[ 'wan_vrid', form.Value, _('VRID on the WAN'), _('From 1 to 255.'), (o) => onlyWith(o, 'json.addresses.wan_address') ],
			[ 'nat', form.Flag, _('Send from the virtual address'),
				_('Adds a rule to the firewall: what your devices send leaves with the virtual address, so that connections survive when the other router takes over.'),
				(o) => onlyWith(o, 'json.addresses.wan_address') ]
		] },
	{ id: 'routers', title: _('Routers'),
		says: _('The router with the higher priority becomes Active first; the other one watches it and takes over when it falls silent. The names are for you: they appear on the overview and in the log.'),
		fields: [
			[ 'role', form.ListValue, _('This router is'), '', (o) => choices(o, [ [ 'first', _('the first one: Active when both work') ],
				[ 'second', _('the second one: takes over when the first one fails') ] ]) ],
			[ 'node', form.Value, _('Name of this router'), '' ],
			[ 'priority', form.Value, _('Priority of this router'), _('From 1 to 254.') ],
			[ 'peer_node', form.Value, _('Name of the other router'), '' ],
			[ 'peer_priority', form.Value, _('Priority of the other router'), _('From 1 to 254.') ],
			[ 'preempt', form.ListValue, _('After a repair'), _('Each change is a short interruption, so that one less is better.'), (o) => choices(o, [
				[ '0', _('whoever is Active stays it') ], [ '1', _('the first router takes over again') ] ]) ],
			[ 'advert_interval', form.ListValue, _('A dead router is replaced after'),
				_('The faster, the more packets the routers send each other: three in this time.'),
				(o, facts, answers) => choices(o, speeds(answers.advert_interval)) ]
		] },
	{ id: 'connections', title: _('Connections'),
		says: _('The routers tell each other about the connections that pass through them, so that downloads and calls go on after a takeover.'),
		fields: [
			[ 'sync', form.ListValue, _('Link between the routers'), '', (o, facts) => offer(o, facts, _('none: connections are not copied')) ],
			[ 'sync_peer', form.Value, _('Address of the other router on it'), _('Its own address, not the virtual one.'),
				(o) => onlyWith(o, 'json.connections.sync') ],
			[ 'keep', form.DynamicList, _('Keep at a sysupgrade'),
				_('Files or folders that shall survive an upgrade of the firmware. The configuration of haven does in any case.') ]
		] }
];

// What was set by hand stays a choice.
function speeds(now) {
	const known = SPEEDS.some(([ value ]) => value === now);
	return known ? SPEEDS : [ ...SPEEDS, [ now, _('as it is set now (%s ms)').format(now) ] ];
}

function question(section, [ name, widget, title, help, more ], facts, answers) {
	const option = section.option(widget, name, title, help);
	option.optional = true;
	option.rmempty = true;
	if (more)
		more(option, facts, answers);
	return option;
}

function put(widget, value) {
	const buttons = widget.node.querySelectorAll('input[type="radio"]');
	// LuCI's own way with them fails on openwrt-24.10: "frameEl is not defined".
	if (!buttons.length)
		return widget.setValue(value);
	for (const button of buttons)
		button.checked = button.value === value;
}

return baseclass.extend({
	steps: STEPS.map((step) => ({ id: step.id, title: step.title, fields: step.fields.map(([ name ]) => name) })),

	/* LuCI's form for all steps, with the answers in it; `map.questions` has its options by name. */
	build(facts, answers) {
		const data = Object.fromEntries(STEPS.map((step) => [ step.id, Object.fromEntries(step.fields.map(([ name ]) => [ name, answers[name] ])) ]));
		const map = new form.JSONMap(data);
		map.questions = {};
		for (const step of STEPS) {
			const section = map.section(form.NamedSection, step.id, step.id, step.title, step.says);
			for (const row of step.fields)
				map.questions[row[0]] = { option: question(section, row, facts, answers), step: step.id };
		}
		return map;
	},

	/* What stands in the fields now. */
	read(map) {
		const read = {};
		for (const name in map.questions) {
			const value = map.questions[name].option.formvalue(map.questions[name].step);
			read[name] = Array.isArray(value) || name === 'keep' ? L.toArray(value) : String(value == null ? '' : value).trim();
		}
		return read;
	},

	/* Put a value into a field, if it is another one. */
	write(map, name, value) {
		const { option, step } = map.questions[name];
		const widget = option.getUIElement(step);
		if (widget && String(widget.getValue() || '') !== String(value))
			put(widget, value);
	},

	/* The place under a field where something can be said about it. */
	place(map, name) {
		const field = map.root.querySelector('#cbi-json-%s-%s .cbi-value-field'.format(map.questions[name].step, name));
		return field && (field.querySelector('.haven-told') || field.appendChild(E('div', { 'class': 'haven-told', 'aria-live': 'polite' })));
	}
});
