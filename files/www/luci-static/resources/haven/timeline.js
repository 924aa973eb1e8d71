// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.words as words';

const SVG = 'http://www.w3.org/2000/svg';
// Units of the picture. The names stand beside the lanes; on a telephone, which shows 400 units nearly one to
// one, above them.
const WIDE = { width: 700, left: 120, above: 0 }, NARROW = { width: 400, left: 0, above: 18 };
const TELEPHONE = window.matchMedia('(max-width: 599px)');
const LANE = 26, GAP = 10, TOP = 8, AXIS = 34;
const TICKS = 4;
// What is too short to be seen is drawn so wide all the same.
const THIN = 1.5;

function draw(tag, attributes, children) {
	const element = document.createElementNS(SVG, tag);
	for (const name in attributes)
		element.setAttribute(name, attributes[name]);
	for (const child of [].concat(children == null ? [] : children))
		element.appendChild(typeof child === 'object' ? child : document.createTextNode(child));
	return element;
}

/* One lane for each group of each router. */
function lanes(past) {
	return past.nodes.flatMap((node) => Object.keys(node.groups).map((group) => ({
		node: node.node, group: group, states: node.groups[group],
		outages: past.outages.filter((each) => each.node === node.node && each.group === group)
	})));
}

/* Where a share of the time is. */
function place(form, share) {
	return form.left + (form.width - form.left) * share;
}

function scale(past, form) {
	return (at) => place(form, Math.min(1, Math.max(0, (at - past.since) / (past.at - past.since))));
}

function stateWords(each) {
	return '%s: %s – %s'.format(message.state(each.state), words.clock(each.from), words.clock(each.to));
}

function outageWords(each) {
	return _('%d ms without a gateway, %s').format(each.outage_ms, words.clock(each.at));
}

function bar(each, x, y) {
	const from = x(each.from), width = Math.max(THIN, x(each.to) - from);
	return draw('rect', { x: from, y: y, width: width, height: LANE, 'class': 'haven-was haven-was-' + each.state,
		'data-state': each.state }, draw('title', {}, stateWords(each)));
}

function mark(each, x, y) {
	const at = x(each.at);
	return draw('path', { d: 'M %d %d l 5 -7 l -10 0 z'.format(at, y + 2), 'class': 'haven-out', 'data-outage': each.outage_ms },
		draw('title', {}, outageWords(each)));
}

function drillMark(each, x, y) {
	return draw('circle', { cx: x(each.at), cy: y, r: 4, 'class': each.ok ? 'haven-drill' : 'haven-drill haven-drill-failed', 'data-drill': each.drill },
		draw('title', {}, '%s: %s'.format(words.clock(each.at), message.drillOutcome(each))));
}

function names(each, y, form) {
	if (form.above)
		return [ draw('text', { x: 0, y: y - 5, 'class': 'haven-text' }, [ draw('tspan', { 'class': 'haven-strong' }, each.node), ' ' + each.group ]) ];
	return [ draw('text', { x: 0, y: y + 12, 'class': 'haven-text haven-strong' }, each.node),
		draw('text', { x: 0, y: y + 25, 'class': 'haven-text haven-small' }, each.group) ];
}

function lane(each, number, x, form) {
	const y = TOP + number * (form.above + LANE + GAP) + form.above;
	return draw('g', { 'data-lane': each.node }, [
		...names(each, y, form), ...each.states.map((state) => bar(state, x, y)), ...each.outages.map((outage) => mark(outage, x, y))
	]);
}

function tick(past, number, y, form) {
	const at = past.since + (past.at - past.since) * number / TICKS, x = place(form, number / TICKS);
	const anchor = number === 0 ? 'start' : number === TICKS ? 'end' : 'middle';
	const text = past.at - past.since > 2 * 86400 ? words.day(at) : words.hour(at);
	return draw('g', {}, [ draw('line', { x1: x, x2: x, y1: y - 14, y2: y - 8, 'class': 'haven-tick' }),
		draw('text', { x: x, y: y + 6, 'text-anchor': anchor, 'class': 'haven-text haven-small' }, text) ]);
}

return baseclass.extend({
	/* Call back when the picture is to be drawn in its other form, as the window was turned. */
	onTurn(draw) {
		TELEPHONE.addEventListener('change', draw);
	},

	/* The picture of who was in which state when, with outages and drills. */
	draw(past) {
		const form = TELEPHONE.matches ? NARROW : WIDE;
		const rows = lanes(past), x = scale(past, form), bottom = TOP + rows.length * (form.above + LANE + GAP);
		const height = bottom + AXIS;
		const ticks = Array.from({ length: TICKS + 1 }, (nothing, number) => tick(past, number, bottom + 22, form));
		return draw('svg', { viewBox: '0 0 %d %d'.format(form.width, height), 'class': 'haven-timeline', role: 'img',
			'aria-label': _('Who was in which state when') }, [
			...rows.map((each, number) => lane(each, number, x, form)),
			...past.drills.map((each) => drillMark(each, x, bottom + 2)), ...ticks
		]);
	},

	outageWords: outageWords
});
