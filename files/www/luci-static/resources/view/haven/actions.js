// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require ui';
'require haven.api as api';
'require haven.confirm as confirm';
'require haven.live as live';
'require haven.message as message';
'require haven.model as model';
'require haven.panels as panels';

function names(groups) {
	return groups.join(', ');
}

function who(shown) {
	return shown.there ? shown.self.name : _('This router');
}

function outcome(answer) {
	const parts = [];
	if ((answer.handed_over || []).length)
		parts.push(_('Another router is Active now for %s.').format(names(answer.handed_over)));
	if ((answer.still_active || []).length)
		parts.push(_('No other router takes over %s: this one stays Active there.').format(names(answer.still_active)));
	return parts.join(' ') || _('Done.');
}

// Each action: whether it can be done now, what will happen, and how to do it.
const ACTIONS = [
	{
		id: 'switchover', title: _('Switch over'),
		possible: (m) => m.switchable.length > 0,
		why: _('It is not Active: there is nothing to hand over.'),
		says: (m) => [
			_('%s hands “%s” over to the other one and becomes Backup.').format(who(m), names(m.switchable)),
			_('Connections live on when both tables are in sync. If nobody takes over, this router stays Active.')
		],
		run: (node) => api.switchover(node)
	},
	{
		id: 'maintenance-on', title: _('Start maintenance'),
		possible: (m) => !m.maintenance,
		why: _('Maintenance is on.'),
		says: (m) => [
			_('%s hands over and becomes Active only when no other router is.').format(who(m)),
			_('It lasts until you end it, or until this router is started anew.')
		],
		run: (node) => api.maintenance(true, node)
	},
	{
		id: 'maintenance-off', title: _('End maintenance'),
		possible: (m) => m.maintenance,
		why: _('Maintenance is off.'),
		says: (m) => [ _('%s is a candidate again. Where “preempt” is set and it has the higher priority, it takes over.').format(who(m)) ],
		run: (node) => api.maintenance(false, node)
	},
	{
		id: 'reload', title: _('Reload the configuration'), here: true,
		possible: () => true,
		says: () => [
			_('The saved configuration is checked and taken without a failover; only what has changed is touched.'),
			_('If it has a problem, the one in force stays.')
		],
		lasts: _('A slow router may take minutes for it. How it ends is shown here.'),
		run: () => api.reload()
	}
];

return view.extend({
	load() {
		return live.first();
	},

	render(answer) {
		this.state = E('div', {});
		this.outcome = E('div', { 'aria-live': 'polite', 'data-part': 'outcome' });
		this.node = '';
		this.chooser = E('div', { 'class': 'haven-bar-of-tools', 'data-part': 'chooser' });
		this.cards = ACTIONS.map((action) => this.card(action));
		this.body = panels.page(_('Actions'), _('Nothing happens before you have confirmed it.'),
			[ this.chooser, this.state, this.outcome, E('div', { 'class': 'haven-live' }, this.cards.map((card) => card.node)) ]);
		this.choose(answer);
		live.every(1, () => this.ask());
		return this.body;
	},

	/* This router tells who is paired with it; the one that was chosen, what it is like. */
	ask() {
		return live.first().then((answer) => {
			const node = this.node;
			if (!node)
				return this.choose(answer);
			this.offerRouters(answer);
			return live.first(node).then((there) => node === this.node ? this.show(there) : null);
		});
	},

	choose(answer) {
		this.offerRouters(answer);
		this.show(answer);
	},

	offerRouters(answer) {
		if (answer.error)
			return;
		const peers = ((answer.value.channel || {}).peers || []).map((peer) => peer.node);
		const names = peers.length ? [ answer.value.node, ...peers ].join('\n') : '';
		if (names === this.offered)
			return;
		this.offered = names;
		dom.content(this.chooser, peers.length ? [ E('label', {}, [ _('Router'), ' ', E('select', { 'class': 'cbi-input-select',
			'data-choice': 'router', 'change': (event) => this.turnTo(event.target.value) }, [
			E('option', { value: '' }, [ _('%s (this router)').format(answer.value.node) ]),
			...peers.map((node) => E('option', { value: node, selected: node === this.node ? 'selected' : null }, [ node ]))
		]) ]) ] : []);
		if (!peers.includes(this.node))
			this.node = '';
	},

	turnTo(node) {
		this.node = node;
		dom.content(this.outcome, []);
		return this.ask();
	},

	card(action) {
		const button = E('button', { 'class': 'btn cbi-button cbi-button-action', 'data-action': action.id,
			'click': ui.createHandlerFn(this, 'act', action) }, [ action.title ]);
		const hint = E('div', {});
		return { action, button, hint, node: E('div', { 'class': 'haven-card' }, [
			E('h4', {}, [ action.title ]), hint, E('div', { 'class': 'haven-bar-of-tools' }, [ button ])
		]) };
	},

	show(answer) {
		this.model = answer.error ? null : Object.assign(model.fromStatus(answer.value), { there: this.node !== '' });
		// Buttons that do nothing would hide the one thing to do.
		this.body.classList.toggle('haven-off', !this.model && !this.busy);
		dom.content(this.state, answer.error ? [ panels.trouble(answer.error) ] : []);
		for (const card of this.cards)
			this.offer(card);
	},

	offer({ action, button, hint }) {
		// What is under way keeps its button as it is.
		if (this.busy)
			return;
		const hindrance = this.hindrance(action);
		button.disabled = hindrance !== null;
		const text = hindrance === null ? action.says(this.model).join(' ') : hindrance;
		if (hint.textContent !== text)
			dom.content(hint, [ text ]);
	},

	/* Why an action cannot be done now; null where it can. */
	hindrance(action) {
		if (!this.model)
			return '';
		if (action.here && this.node)
			return _('This can be done on that router alone.');
		if (!L.hasViewPermission())
			return _('This login may look, and change nothing.');
		return action.possible(this.model) ? null : action.why;
	},

	act(action) {
		const asked = confirm.ask(action.title, action.says(this.model), action.title);
		// While it is asked, too: the next answer of the router would give the button free.
		this.busy = true;
		return asked.then((wanted) => wanted ? this.carryOut(action) : null).finally(() => { this.busy = false; });
	},

	carryOut(action) {
		const said = [ _('%s…').format(action.title), action.lasts ].filter(Boolean).join(' ');
		dom.content(this.outcome, [ E('p', { 'class': 'spinning' }, [ said ]) ]);
		return action.run(this.node || undefined).then(
			(answer) => dom.content(this.outcome, [ this.said(answer) ]),
			(error) => dom.content(this.outcome, [ panels.trouble(error) ])
		);
	},

	said(answer) {
		if (answer.problems && answer.problems.length)
			return E('div', { 'class': 'alert-message warning' }, answer.problems.map((p) => E('p', {}, [ message.located(p) ])));
		return E('div', { 'class': 'alert-message success' }, [ outcome(answer) ]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
