// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require poll';
'require ui';
'require haven.api as api';
'require haven.live as live';
'require haven.model as model';
'require haven.panels as panels';

const KINDS = { '': _('all', 'haven'), transition: _('changes of state'), start: _('starts'), problem: _('problems') };

function save(name, type, text) {
	const address = URL.createObjectURL(new Blob([ text ], { type: type }));
	E('a', { href: address, download: name }).click();
	URL.revokeObjectURL(address);
}

function cell(value) {
	return '"%s"'.format(String(value == null ? '' : value).replace(/"/g, '""'));
}

function table(events) {
	const columns = [ 'seq', 'at', 'kind', 'group', 'virtual_router', 'from', 'to', 'reason', 'text' ];
	return [ columns, ...events.map((e) => columns.map((c) => c === 'at' ? new Date(e.at * 1000).toISOString() : e[c])) ]
		.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

return view.extend({
	known: false,

	load() {
		return live.settle(api.events());
	},

	render(answer) {
		this.list = E('div', { 'data-part': 'events' });
		this.trouble = E('div', { 'aria-live': 'polite' });
		this.events = [];
		const page = panels.page(_('Log'), _('What havend has seen and done since it was started.'),
			[ this.trouble, this.tools(), this.list ]);
		this.take(answer);
		poll.add(() => Promise.resolve(panels.renewAges(this.list, Date.now() / 1000)), 1);
		return page;
	},

	tools() {
		const again = () => this.show();
		this.kind = E('select', { 'class': 'cbi-input-select', 'aria-label': _('Kind'), 'change': again },
			Object.keys(KINDS).map((kind) => E('option', { value: kind }, [ KINDS[kind] ])));
		this.text = E('input', { 'class': 'cbi-input-text haven-filter', type: 'search', placeholder: _('Filter', 'haven'), 'aria-label': _('Filter', 'haven'), 'input': again });
		return E('div', { 'class': 'haven-bar-of-tools' }, [ this.kind, this.text,
			this.button(_('Refresh'), () => this.load().then((answer) => this.take(answer))),
			this.button(_('Export as CSV'), () => save('haven-events.csv', 'text/csv', table(this.shown()))),
			this.button(_('Export as JSON'), () => save('haven-events.json', 'application/json', JSON.stringify(this.shown(), null, 1)))
		]);
	},

	button(title, run) {
		return E('button', { 'class': 'btn cbi-button', 'click': ui.createHandlerFn(this, run) }, [ title ]);
	},

	take(answer) {
		dom.content(this.trouble, answer.error ? [ panels.trouble(answer.error) ] : []);
		this.events = answer.error ? this.events : answer.value;
		this.known = this.known || !answer.error;
		this.show();
	},

	shown() {
		return model.filter(this.events, { kind: this.kind.value, text: this.text.value });
	},

	show() {
		// That there is nothing to show is known only after an answer.
		dom.content(this.list, this.known ? [ panels.events(this.shown(), Date.now() / 1000) ] : []);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
