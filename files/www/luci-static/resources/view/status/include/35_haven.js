// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.live as live';
'require haven.message as message';
'require haven.model as model';
'require haven.panels as panels';
'require haven.picture as picture';
'require haven.words as words';

function troubles(shown) {
	return [ message.atRisk(shown.atRisk), ...shown.problems.map((each) => message.problem(each)) ].filter(Boolean);
}

function rows(shown) {
	return [
		[ _('Gateway'), picture.summary(shown) ],
		[ _('This router'), message.state(shown.self.state) ],
		[ _('Since'), words.moment(shown.self.since, Date.now() / 1000) ],
		[ _('Problems'), troubles(shown).join(' ') || _('none', 'haven') ]
	];
}

return baseclass.extend({
	title: _('High availability'),

	load() {
		return live.first();
	},

	render(answer) {
		if (answer.error)
			return E('p', {}, [ words.trouble(answer.error).what ]);
		return E('div', { 'class': 'haven' }, [
			E('link', { rel: 'stylesheet', href: L.resource('haven/haven.css') }),
			panels.facts(rows(model.fromStatus(answer.value))),
			E('a', { href: L.url('admin/services/haven/overview') }, [ _('More…') ])
		]);
	}
});
