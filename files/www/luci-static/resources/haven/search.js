// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require dom';
'require uci';

const MOST = 12;

/* Options whose name, title or section has what was typed. */
function matching(schema, typed) {
	const wanted = typed.trim().toLowerCase();
	const rows = schema.sections.flatMap((section) => section.options.map((option) => ({ section, option })));
	return wanted === '' ? [] : rows.filter(({ section, option }) => [ option.name, _(option.title), section.type + '.' + option.name ]
		.some((text) => text.toLowerCase().includes(wanted)));
}

function row({ section, option }, open) {
	const places = uci.sections('haven', section.type).map((each) => each['.name']);
	return E('li', {}, [
		E('code', {}, [ '%s.%s'.format(section.type, option.name) ]), ' %s '.format(_(option.title)),
		...places.flatMap((id) => [ E('button', { 'class': 'btn cbi-button', 'type': 'button',
			'click': () => open(section.type, id, option.name) }, [ section.single ? _('Show') : id ]), ' ' ]),
		places.length ? '' : E('em', {}, [ _('no such section yet') ])
	]);
}

return baseclass.extend({
	/* A field that finds options; `open(type, section, option)` shows one. */
	draw(schema, open) {
		const found = E('ul', { 'class': 'haven-found', 'aria-live': 'polite' });
		const typed = E('input', { 'type': 'search', 'class': 'cbi-input-text', 'id': 'haven-search', 'autocomplete': 'off' });
		typed.addEventListener('input', () => dom.content(found,
			matching(schema, typed.value).slice(0, MOST).map((each) => row(each, open))));
		return E('div', { 'class': 'haven-search' }, [ E('label', { 'for': 'haven-search' }, [ _('Find an option') ]), ' ', typed, found ]);
	}
});
