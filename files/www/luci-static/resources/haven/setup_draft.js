// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

const KEY = 'haven-setup';

return baseclass.extend({
	/* What was typed and not saved, so that a reload or a new login loses nothing; null where there is none. */
	load() {
		try {
			return JSON.parse(window.sessionStorage.getItem(KEY));
		}
		catch (unreadable) {
			return null;
		}
	},

	keep(draft) {
		try {
			window.sessionStorage.setItem(KEY, JSON.stringify(draft));
		}
		catch (full) {
			// A browser that stores nothing still sets up a router.
		}
	},

	forget() {
		window.sessionStorage.removeItem(KEY);
	}
});
