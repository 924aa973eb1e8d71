// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

const STAGES = [ [ 'takeover', _('On takeover') ], [ 'release', _('On release') ],
	[ 'setup', _('At start') ], [ 'teardown', _('At the end') ] ];

function stage(router, [ key, title ]) {
	const steps = router[key] || [];
	if (!steps.length)
		return '';
	return E('div', { 'data-stage': key }, [ E('h5', {}, [ title ]),
		E('ol', { 'class': 'haven-steps' }, steps.map((step) => E('li', {}, [ String(step.say) ]))) ]);
}

function router(each) {
	return E('div', { 'class': 'haven-card' }, [
		E('h4', {}, [ _('Virtual router %s').format(each.name) ]),
		E('p', {}, [ _('VRID %d on %s, priority %d: %s').format(each.vrid, each.device, each.priority, each.addresses.join(', ')) ]),
		...STAGES.map((one) => stage(each, one))
	]);
}

function problem(each) {
	const where = [ each.section, each.option ].filter(Boolean).join(', ');
	return E('div', { 'class': 'haven-problem haven-severe' }, [ E('strong', {}, [ where ? where + ': ' : '' ]), String(each.message) ]);
}

return baseclass.extend({
	problems(problems) {
		return E('div', { 'data-part': 'plan-problems' }, problems.map(problem));
	},

	/* The plan, or the problems that keep it from being made. */
	render(plan) {
		if (plan.problems)
			return this.problems(plan.problems);
		return E('div', {}, [
			...(plan.warnings || []).map((text) => E('div', { 'class': 'haven-problem' }, [ String(text) ])),
			...plan.virtual_routers.map(router)
		]);
	}
});
