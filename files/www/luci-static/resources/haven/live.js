// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require poll';
'require haven.api as api';

function settle(promise) {
	return promise.then((value) => ({ value: value }), (error) => ({ error: error }));
}

return baseclass.extend({
	/* Whatever comes of a status call, as {value} or {error}: nothing is thrown into a page's load(). */
	first(node) {
		return settle(api.status(node || undefined));
	},

	/* Call `show` every second with the latest answer; not while nobody looks at the page. */
	follow(show) {
		this.every(1, () => this.first().then(show));
	},

	/* Do something every so many seconds; not while nobody looks at the page. */
	every(seconds, run) {
		poll.add(() => document.hidden ? Promise.resolve() : run(), seconds);
	},

	settle: settle
});
