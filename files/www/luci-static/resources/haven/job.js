// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require poll';
'require haven.api as api';

const ENDED = [ 'done', 'left', 'refused' ];

return baseclass.extend({
	/* Whether it has said how it ended. */
	hasEnded(answer) {
		return answer.job !== null && ENDED.includes(answer.job.state);
	},

	/* Whether a setup or a joining is under way. */
	runs(answer) {
		return answer.alive && !this.hasEnded(answer);
	},

	/* Call `show` every second with { alive, job }, or with the error; until it ends or `stop` is called. */
	follow(show) {
		let asking = false;
		const step = () => {
			if (asking)
				return Promise.resolve();
			asking = true;
			return api.job().then((answer) => show(answer, null), (error) => show(null, error)).finally(() => { asking = false; });
		};
		poll.add(step, 1);
		return () => poll.remove(step);
	}
});
