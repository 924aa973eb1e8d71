// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require view';
'require dom';
'require haven.api as api';
'require haven.examined as examined';
'require haven.live as live';
'require haven.message as message';
'require haven.panels as panels';

const LOOK_EVERY_S = 1;

return view.extend({
	load() {
		return live.settle(api.doctor(false));
	},

	render(answer) {
		this.progress = E('p', { 'aria-live': 'polite', 'data-part': 'progress' });
		this.result = E('div', { 'aria-live': 'polite', 'data-part': 'result' });
		this.button = E('button', { 'class': 'cbi-button cbi-button-action', 'data-part': 'begin', click: () => this.begin() }, [ _('Look now') ]);
		const page = panels.page(_('Doctor'), _('What may be wrong before it hurts, on this router and those that are paired with it. It takes some seconds and changes nothing.'),
			[ E('div', { 'class': 'haven-bar-of-tools' }, [ this.button, this.progress ]), this.result ]);
		this.show(answer);
		live.every(LOOK_EVERY_S, () => this.running ? live.settle(api.doctor(false)).then((next) => this.show(next)) : Promise.resolve());
		return page;
	},

	begin() {
		this.button.disabled = true;
		return live.settle(api.doctor(true)).then((answer) => this.show(answer));
	},

	show(answer) {
		const told = answer.value;
		this.running = Boolean(told && told.running);
		this.button.disabled = this.running;
		dom.content(this.progress, this.running ? [ E('em', { 'class': 'spinning' }, [ message.doctorStep(told.step, told.words) || _('It begins …') ]) ] : []);
		if (answer.error)
			dom.content(this.result, [ panels.trouble(answer.error) ]);
		else if (told.failure && !this.running)
			dom.content(this.result, [ E('div', { 'class': 'haven-problem haven-severe' }, [ told.failure ]) ]);
		else
			dom.content(this.result, examined.render(told.report));
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
