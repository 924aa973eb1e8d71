// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.live as live';
'require haven.message as message';
'require haven.model as model';
'require haven.panels as panels';
'require haven.picture as picture';
'require haven.words as words';

// LuCI draws all parts of its page when the slowest is there.
const LONGEST_MS = 1000;
const LATE = { error: { kind: 'late' } };
const SILENT = [ 'unconfigured', 'disabled', 'denied' ];

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

	seen: false,

	asked: null,

	load() {
		this.asked = this.asked || live.first().finally(() => { this.asked = null; });
		return Promise.race([ this.asked, new Promise((resolve) => window.setTimeout(resolve, LONGEST_MS, LATE)) ]);
	},

	/* Nothing where nobody wants haven, or may see it; unless it was there a moment ago, which is news. */
	off(error) {
		return SILENT.includes(error.kind) && !this.seen ? null : E('p', {}, [ words.trouble(error).what ]);
	},

	render(answer) {
		if (answer.error)
			return this.off(answer.error);
		this.seen = true;
		return E('div', { 'class': 'haven' }, [
			E('link', { rel: 'stylesheet', href: L.resource('haven/haven.css') }),
			panels.facts(rows(model.fromStatus(answer.value))),
			E('p', {}, [ E('a', { href: L.url('admin/services/haven/overview') }, [ _('More…') ]) ])
		]);
	}
});
