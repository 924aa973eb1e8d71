// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

// What is the matter, and what to do.
const TROUBLES = {
	unconfigured: [ _('haven is not set up on this router yet.'), _('Set-up makes it the first router of a pair, or the second one.') ],
	disabled: [ _('haven is switched off on this router.'), _('Set “enabled” under Settings to switch it on.') ],
	agent: [ _('haven does not run on this router.'),
		_('Look at the system log; “service haven start” starts it.') ],
	havend: [ _('havend does not answer; the agent does.'),
		_('Look at the system log; “service haven restart” starts it again.') ],
	refused: [ _('haven did not do this.'), _('The reason is below; nothing was changed.') ],
	denied: [ _('This login may not do that.'),
		_('Log in as a user with the rights “luci-base”, “haven” and “luci-app-haven”, or log in again after an installation.') ],
	session: [ _('Your login has run out.'), _('Log in again; what you typed in Set-up is there again after that.') ],
	late: [ _('The router has not answered in time.'),
		_('It may be busy. This page goes on asking; what you typed stays.') ],
	lost: [ _('It is not known how the reload has ended: haven was started anew meanwhile.'),
		_('The overview shows how it is now; the system log says more.') ],
	argument: [ _('The router does not understand this request.'),
		_('The packages haven and luci-app-haven may be of different versions: install both anew.') ],
	router: [ _('The router cannot be reached.'),
		_('Look at the cable and at the address. This page goes on asking.') ],
	malformed: [ _('The router gave an answer that is not one of haven.'),
		_('The packages haven and luci-app-haven may be of different versions: install both anew.') ],
	schema: [ _('The table of options cannot be read.'),
		_('Install the package haven anew: /usr/share/haven/schema.json is missing or damaged.') ],
	unknown: [ _('Something unexpected went wrong.'), _('The system log may say more.') ]
};

// What there is nothing more to say about.
const OFF = [ 'unconfigured', 'disabled', 'agent' ];

// Seconds, and what so many are called, the largest first.
const UNITS = [ [ 86400, _('%d d') ], [ 3600, _('%d h') ], [ 60, _('%d min') ], [ 1, _('%d s') ] ];

/*
 * The language whose dates the reader writes: that of the page, as the browser is set up for it. English is
 * what LuCI speaks to everybody who has chosen nothing, and says nothing of the reader.
 */
function localeOfReader() {
	const page = (document.documentElement.lang || 'en').replace('_', '-');
	const plain = (language) => language.toLowerCase().split('-')[0];
	return plain(page) === 'en' ? undefined : navigator.languages.find((own) => plain(own) === plain(page)) || page;
}

function written(at, shape) {
	const date = new Date(at * 1000);
	try {
		return date.toLocaleString(localeOfReader(), shape);
	} catch (error) {
		// LuCI's name of the language is none that the browser can read.
		return date.toLocaleString(undefined, shape);
	}
}

return baseclass.extend({
	trouble(error) {
		const known = TROUBLES[error.kind] || TROUBLES.unknown;
		// That an object is not there is how ubus says that haven does not run; it adds nothing.
		return { what: known[0], advice: known[1], detail: OFF.includes(error.kind) ? '' : error.detail || '' };
	},

	/* A length of time in its two largest units. */
	duration(seconds) {
		let rest = Math.max(0, Math.floor(seconds));
		const parts = [];
		for (const [ size, name ] of UNITS) {
			const count = Math.floor(rest / size);
			rest -= count * size;
			if (count)
				parts.push(name.format(count));
		}
		return parts.slice(0, 2).join(' ') || _('%d s').format(0);
	},

	ago(seconds) {
		return seconds < 1 ? _('just now') : _('%s ago').format(this.duration(seconds));
	},

	/* A moment to the second, the time of day, and the day of a year. */
	clock(at) {
		// With the month in letters: who reads another language's date must not take a day for a month.
		return written(at, { dateStyle: 'medium', timeStyle: 'medium' });
	},

	hour(at) {
		return written(at, { hour: '2-digit', minute: '2-digit' });
	},

	day(at) {
		return written(at, { day: 'numeric', month: 'short' });
	},

	/* A moment, and how long ago it was. */
	moment(at, now) {
		return _('%s (%s)').format(this.clock(at), this.ago(now - at));
	}
});
