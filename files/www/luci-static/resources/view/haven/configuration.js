// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require ui';
'require uci';
'require haven.api as api';
'require haven.confirm as confirm';
'require haven.live as live';
'require haven.panels as panels';
'require haven.replica as replica';

return view.extend({
	load() {
		return live.settle(api.sync());
	},

	render(answer) {
		this.outcome = E('div', { 'aria-live': 'polite', 'data-part': 'outcome' });
		this.standing = E('div', { 'data-part': 'standing', 'aria-live': 'polite' });
		this.conflicts = E('div', { 'data-part': 'conflicts' });
		this.history = E('div', { 'data-part': 'history' });
		this.show(answer);
		live.every(2, () => this.load().then((next) => this.show(next)));
		return panels.page(_('Configuration'), _('Paired routers have one configuration: what is changed on one is changed on the others. What makes each of them itself stays its own.'),
			[ this.outcome, this.standing, this.conflicts, this.history ]);
	},

	show(answer) {
		if (answer.error)
			return this.showTrouble(answer.error);
		const told = answer.value, change = JSON.stringify([ told.digest, told.conflicts, told.in_sync ]);
		this.draw(this.standing, JSON.stringify(told), () => replica.standing(told, this.button(_('Compare now'), 'sync-now', () => api.syncNow())));
		// What is being decided stays under the finger.
		this.draw(this.conflicts, change, () => replica.conflicts(told.conflicts, (node, path) => this.take(node, path)));
		if (change === this.lastChange)
			return null;
		this.lastChange = change;
		return api.syncHistory().then((changes) => dom.content(this.history,
			[ replica.history(changes, Date.now() / 1000, (each) => this.undo(each)) ]), () => { this.lastChange = null; });
	},

	draw(place, drawn, make) {
		if (place.dataset.drawn === drawn)
			return;
		place.dataset.drawn = drawn;
		dom.content(place, [ make() ]);
	},

	showTrouble(error) {
		this.lastChange = null;
		for (const part of [ this.conflicts, this.history ]) {
			part.dataset.drawn = '';
			dom.content(part, []);
		}
		this.draw(this.standing, error.kind + error.code + error.detail, () => this.without(error));
	},

	/* Why there is no common configuration; it may be that nobody wants one, or that nobody is there to have it with. */
	without(error) {
		if (error.code === 'sync-off')
			return replica.off(L.hasViewPermission() ? this.button(_('Have one configuration'), 'sync-on', () => this.switchOn()) : '');
		return error.code === 'sync-alone' ? replica.alone() : panels.trouble(error);
	},

	button(title, action, run) {
		return E('button', { 'class': 'btn cbi-button cbi-button-action', 'data-action': action, 'disabled': L.hasViewPermission() ? null : 'disabled',
			'click': ui.createHandlerFn(this, () => this.carryOut(run)) }, [ title ]);
	},

	carryOut(run) {
		dom.content(this.outcome, []);
		return Promise.resolve(run()).then(() => this.load()).then((next) => this.show(next))
			.catch((error) => dom.content(this.outcome, [ panels.trouble(api.classify(error)) ]));
	},

	take(node, path) {
		return this.carryOut(() => api.syncTake(node, path));
	},

	undo(change) {
		return confirm.ask(_('Undo'), [ _('What change %d had set becomes what it was before, on all routers; what has been changed again since stays.').format(change.number) ],
			_('Undo')).then((wanted) => wanted ? this.carryOut(() => api.syncUndo(change.number)) : null);
	},

	/* On this router, by LuCI's own way: applied, and taken back if the router is not reached. */
	switchOn() {
		return uci.load('haven').then(() => {
			const [ section ] = uci.sections('haven', 'sync');
			uci.set('haven', section ? section['.name'] : uci.add('haven', 'sync', 'sync'), 'enabled', '1');
			return uci.save();
		}).then(() => ui.changes.apply(true));
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
