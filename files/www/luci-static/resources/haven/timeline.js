// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';
'require haven.words as words';

const SVG = 'http://www.w3.org/2000/svg';
// Units of the picture, and where the times begin beside the names.
const WIDTH = 700, LEFT = 120, LANE = 26, GAP = 10, TOP = 8, AXIS = 34;
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

function scale(past) {
	return (at) => LEFT + (WIDTH - LEFT) * Math.min(1, Math.max(0, (at - past.since) / (past.at - past.since)));
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

function lane(each, number, x) {
	const y = TOP + number * (LANE + GAP);
	return draw('g', { 'data-lane': each.node }, [
		draw('text', { x: 0, y: y + 12, 'class': 'haven-text haven-strong' }, each.node),
		draw('text', { x: 0, y: y + 25, 'class': 'haven-text haven-small' }, each.group),
		...each.states.map((state) => bar(state, x, y)), ...each.outages.map((outage) => mark(outage, x, y))
	]);
}

function tick(past, number, y) {
	const at = past.since + (past.at - past.since) * number / TICKS, x = LEFT + (WIDTH - LEFT) * number / TICKS;
	const anchor = number === 0 ? 'start' : number === TICKS ? 'end' : 'middle';
	const date = new Date(at * 1000), long = past.at - past.since > 2 * 86400;
	const text = long ? date.toLocaleDateString([], { day: 'numeric', month: 'short' }) : date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
	return draw('g', {}, [ draw('line', { x1: x, x2: x, y1: y - 14, y2: y - 8, 'class': 'haven-tick' }),
		draw('text', { x: x, y: y + 6, 'text-anchor': anchor, 'class': 'haven-text haven-small' }, text) ]);
}

return baseclass.extend({
	/* The picture of who was in which state when, with outages and drills. */
	draw(past) {
		const rows = lanes(past), x = scale(past), bottom = TOP + rows.length * (LANE + GAP);
		const height = bottom + AXIS;
		const ticks = Array.from({ length: TICKS + 1 }, (nothing, number) => tick(past, number, bottom + 22));
		return draw('svg', { viewBox: '0 0 %d %d'.format(WIDTH, height), 'class': 'haven-timeline', role: 'img',
			'aria-label': _('Who was in which state when') }, [
			...rows.map((each, number) => lane(each, number, x)),
			...past.drills.map((each) => drillMark(each, x, bottom + 2)), ...ticks
		]);
	},

	outageWords: outageWords
});
