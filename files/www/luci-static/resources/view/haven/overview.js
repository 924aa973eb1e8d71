// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require poll';
'require haven.api as api';
'require haven.live as live';
'require haven.model as model';
'require haven.others as others';
'require haven.panels as panels';
'require haven.tunnels as tunnels';

const EVENTS_SHOWN = 12;
// Where a router that is no half of a pair becomes one.
const WAY_ON = {
	unconfigured: [ 'setup', _('Set-up') ],
	disabled: [ 'settings', _('Settings') ]
};

return view.extend({
	load() {
		return live.first();
	},

	parts: null,
	good: null,
	goodAt: 0,
	lastChange: null,
	wayFor: null,

	section(title, part) {
		this.parts[part] = E('div', { 'data-part': part });
		return E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ title ]), this.parts[part] ]);
	},

	render(answer) {
		this.parts = { trouble: E('div', { 'aria-live': 'polite' }), way: E('div', {}) };
		this.others = others.create();
		this.body = panels.page(_('High availability'), _('Two routers, one gateway: who has the addresses now, and why.'), [
			this.parts.trouble, this.parts.way,
			E('div', { 'class': 'haven-live' }, [
				this.section(_('Problems'), 'problems'),
				E('div', { 'class': 'haven-columns' }, [
					this.section(_('The pair'), 'picture'), this.section(_('State'), 'groups')
				]),
				this.section(_('The routers, by their own words'), 'routers'),
				E('div', { 'class': 'haven-columns' }, [
					this.section(_('WAN'), 'wan'), this.section(_('DHCP leases'), 'leases')
				]),
				E('div', { 'class': 'haven-columns' }, [
					this.section(_('VPN'), 'vpn'), this.section(_('BFD'), 'bfd')
				]),
				E('div', { 'class': 'haven-columns' }, [
					this.section(_('Connections'), 'sync'), this.section(_('Last events'), 'events')
				])
			])
		]);
		this.show(answer);
		live.follow((next) => this.show(next));
		return this.body;
	},

	show(answer) {
		if (answer.error)
			return this.showTrouble(answer.error);
		this.good = answer.value;
		this.goodAt = Date.now();
		this.body.classList.remove('haven-stale', 'haven-off');
		dom.content(this.parts.trouble, []);
		this.showWay(null);
		others.ask(this.others, answer.value);
		this.showModel(model.fromStatus(answer.value, others.list(this.others)));
		panels.renewAges(this.parts.events, Date.now() / 1000);
		return this.showEvents(answer.value);
	},

	showTrouble(error) {
		const age = this.good ? (Date.now() - this.goodAt) / 1000 : null;
		this.body.classList.toggle('haven-stale', this.good !== null);
		// Headings of what nobody knows would hide the one thing to do.
		this.body.classList.toggle('haven-off', this.good === null);
		dom.content(this.parts.trouble, [ panels.trouble(error, age) ]);
		this.showWay(this.good ? null : error.kind);
	},

	/* Drawn anew under the finger, a link is not followed. */
	showWay(kind) {
		if (kind === this.wayFor)
			return;
		this.wayFor = kind;
		dom.content(this.parts.way, kind ? this.wayOn(kind) : []);
	},

	wayOn(kind) {
		const [ place, title ] = WAY_ON[kind] || [];
		const button = place && L.hasViewPermission() ? E('p', {}, [ E('a', {
			'class': 'btn cbi-button cbi-button-action important', 'data-action': place, href: L.url('admin/services/haven/' + place)
		}, [ title ]) ]) : '';
		return [ kind === 'unconfigured' ? panels.example() : '', button ];
	},

	showModel(shown) {
		for (const part of [ 'problems', 'picture', 'groups', 'routers', 'wan', 'leases', 'sync' ])
			this.fill(part, panels[part](shown, Date.now() / 1000));
		for (const part of [ 'vpn', 'bfd' ])
			this.fill(part, tunnels[part](shown.status));
	},

	/* What a router has not takes no place. */
	fill(part, drawn) {
		dom.content(this.parts[part], [ drawn ]);
		this.parts[part].parentNode.hidden = drawn === '';
	},

	/* Events change with the state, or with the problems: no need to ask for them every second. */
	showEvents(status) {
		// The time of a transition is told by two clocks, and is a microsecond later or earlier each time.
		const times = status.groups.map((g) => g.last_transition && Math.round(g.last_transition.at));
		const change = JSON.stringify([ status.pid, times, status.problems.length ]);
		if (change === this.lastChange)
			return null;
		this.lastChange = change;
		// Not waited for: the picture is there without them.
		return api.events().then((events) => dom.content(this.parts.events,
			[ panels.events(model.filter(events, {}).slice(0, EVENTS_SHOWN), Date.now() / 1000) ]), () => { this.lastChange = null; });
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
