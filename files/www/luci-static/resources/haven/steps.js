// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.catalogue as catalogue';
'require haven.message as message';

const TEXTS = catalogue.texts;
const STAGES = [ [ 'setup', _('At start') ], [ 'teardown', _('At the end') ] ];
// The steps of these stand with their virtual routers.
const STAGE_ITEMS = [ 'takeover', 'release' ];

function list(key, title, lines) {
	return lines.length ? E('div', { 'data-stage': key }, [ E('h5', {}, [ title ]),
		E('ol', { 'class': 'haven-steps' }, lines.map((line) => E('li', {}, [ line ]))) ]) : '';
}

/* The items of a sequence, each stage as the steps of its virtual routers. */
function lines(items, routers) {
	return items.flatMap((item) => STAGE_ITEMS.includes(item.code)
		? item.facts.virtual_routers.flatMap((name) => (routers.get(name) || {})[item.code] || []) : [ item ]).map(message.step);
}

function group(each, routers) {
	const sequences = each.sequences || {};
	return E('div', { 'class': 'haven-card', 'data-group': each.name }, [
		E('h4', {}, [ _('Group %s').format(each.name) ]),
		...catalogue.order.sequences.map((code) => list(code, _(TEXTS.sequences[code]), lines(sequences[code] || [], routers)))
	]);
}

function router(each) {
	return E('div', { 'class': 'haven-card', 'data-router': each.name }, [
		E('h4', {}, [ _('Virtual router %s').format(each.name) ]),
		E('p', {}, [ _('VRID %d on %s, priority %d: %s').format(each.vrid, each.device, each.priority, each.addresses.join(', ')) ]),
		...STAGES.map(([ key, title ]) => list(key, title, (each[key] || []).map(message.step)))
	]);
}

function told(each, severe) {
	return E('div', { 'class': 'haven-problem' + severe }, [ message.located(each) ]);
}

return baseclass.extend({
	problems(problems) {
		return E('div', { 'data-part': 'plan-problems' }, problems.map((each) => told(each, ' haven-severe')));
	},

	warnings(plan) {
		return (plan.warnings || []).map((each) => told(each, ''));
	},

	/* The plan, or the problems that keep it from being made. */
	render(plan) {
		if (plan.problems)
			return this.problems(plan.problems);
		return E('div', {}, [ ...this.warnings(plan), this.body(plan) ]);
	},

	/* What every group and every virtual router does. */
	body(plan) {
		const routers = new Map(plan.virtual_routers.map((each) => [ each.name, each ]));
		return E('div', {}, [ ...plan.groups.map((each) => group(each, routers)), ...plan.virtual_routers.map(router) ]);
	}
});
