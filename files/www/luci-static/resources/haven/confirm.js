// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require ui';

function buttons(name, decide) {
	return E('div', { 'class': 'right' }, [
		E('button', { 'class': 'btn', 'click': () => decide(false) }, [ _('Cancel') ]), ' ',
		E('button', { 'class': 'btn cbi-button-action important', 'data-confirm': '1', 'click': () => decide(true) }, [ name ])
	]);
}

return baseclass.extend({
	/* Say what will happen; resolves to whether the user wants it. */
	ask(title, sentences, name) {
		return new Promise((resolve) => {
			const decide = (wanted) => {
				ui.hideModal();
				resolve(wanted);
			};
			ui.showModal(title, [ ...sentences.map((each) => E('p', {}, [ each ])), buttons(name, decide) ]);
		});
	}
});
