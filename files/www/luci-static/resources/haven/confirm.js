// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require dom';
'require ui';

function buttons(name, decide) {
	return E('div', { 'class': 'right' }, [
		E('button', { 'class': 'btn', 'click': () => decide(false) }, [ _('Cancel') ]), ' ',
		E('button', { 'class': 'btn cbi-button-action important', 'data-confirm': '1', 'click': () => decide(true) }, [ name ])
	]);
}

function inPlace(place, title, content) {
	dom.content(place, [ E('div', { 'class': 'alert-message warning' }, [ E('h4', {}, [ title ]), ...content ]) ]);
	place.scrollIntoView({ block: 'center' });
}

return baseclass.extend({
	/* Say what will happen; resolves to whether the user wants it. In a dialog it is asked in its `place`, as there is one at a time. */
	ask(title, sentences, name, place) {
		return new Promise((resolve) => {
			const decide = (wanted) => {
				place ? dom.content(place, []) : ui.hideModal();
				resolve(wanted);
			};
			const content = [ ...sentences.map((each) => E('p', {}, [ each ])), buttons(name, decide) ];
			place ? inPlace(place, title, content) : ui.showModal(title, content);
		});
	}
});
