// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';
'require haven.message as message';

const SVG = 'http://www.w3.org/2000/svg';
// Units of the picture; 400 px of a telephone show them nearly one to one.
const WIDTH = 400, NODE_WIDTH = 152, NODE_HEIGHT = 66, MARGIN = 10;
// What a node says of itself has a line for each address; of longer ones the letters move together.
const DETAIL_HEIGHT = 14, DETAIL_LETTERS = 24;
// Of a word between the nodes, in any language, too.
const SYNC_LETTERS = 11;
const LINK_GAP_TOP = 46, LINE_HEIGHT = 17, LINK_GAP = 30, LETTERS = 46;

function draw(tag, attributes, children) {
	const element = document.createElementNS(SVG, tag);
	for (const name in attributes)
		element.setAttribute(name, attributes[name]);
	for (const child of [].concat(children == null ? [] : children))
		element.appendChild(typeof child === 'object' ? child : document.createTextNode(child));
	return element;
}

function short(text, most) {
	return text.length > most ? text.slice(0, most - 1) + '…' : text;
}

function label(x, y, text, kind, most) {
	return draw('text', { x: x, y: y, 'class': 'haven-text ' + (kind || '') },
		[ short(text, most || LETTERS), draw('title', {}, text) ]);
}

function nodeName(node) {
	return node.name || _('the other router');
}

function nodeDetail(node) {
	if (node.self)
		return [ _('this router') ];
	// A word of its own: whole seconds, so that the picture does not flicker.
	const own = node.age_s === undefined ? [] : [ _('its own word, %d s old').format(node.age_s) ];
	return node.detail.length || own.length ? [ ...node.detail, ...own ] : [ _('silent while on standby') ];
}

function nodeHeight(model) {
	const lines = Math.max(nodeDetail(model.self).length, nodeDetail(model.peer).length);
	return NODE_HEIGHT + (lines - 1) * DETAIL_HEIGHT;
}

/* The attributes of a text that would be wider than its place. */
function fitted(text, letters, width) {
	return text.length > letters ? { textLength: width, lengthAdjust: 'spacingAndGlyphs' } : {};
}

function drawDetail(text, x, y) {
	const fit = fitted(text, DETAIL_LETTERS, NODE_WIDTH - 20);
	return draw('text', { x: x, y: y, 'class': 'haven-text haven-small', ...fit }, text);
}

function drawNode(node, x, height) {
	return draw('g', { 'class': 'haven-node haven-' + node.state, 'data-node': node.self ? 'self' : 'peer' }, [
		draw('rect', { x: x, y: MARGIN, width: NODE_WIDTH, height: height, rx: 8 }),
		label(x + 10, MARGIN + 20, nodeName(node), 'haven-strong', 17),
		label(x + 10, MARGIN + 39, message.state(node.state), 'haven-state', 17),
		...nodeDetail(node).map((text, line) => drawDetail(text, x + 10, MARGIN + 56 + line * DETAIL_HEIGHT))
	]);
}

function syncKind(sync) {
	if (!sync || !sync.connected)
		return 'down';
	return sync.in_sync ? 'up' : 'busy';
}

function syncWords(sync) {
	if (!sync)
		return _('no copy');
	return { up: _('in sync'), busy: _('copying'), down: _('cut') }[syncKind(sync)];
}

function drawSync(sync) {
	const left = MARGIN + NODE_WIDTH, right = WIDTH - MARGIN - NODE_WIDTH, y = MARGIN + NODE_HEIGHT / 2;
	const word = syncWords(sync), fit = fitted(word, SYNC_LETTERS, right - left - 8);
	return draw('g', { 'class': 'haven-sync haven-sync-' + syncKind(sync) }, [
		draw('line', { x1: left, y1: y, x2: right, y2: y }),
		draw('text', { x: WIDTH / 2, y: y - 8, 'text-anchor': 'middle', 'class': 'haven-text haven-small', ...fit }, word)
	]);
}

function holds(link, who) {
	return link.addresses.some((address) => address.holder === who);
}

function drawCable(link, who, x, y, top) {
	const kind = holds(link, who) ? 'haven-holds' : 'haven-waits';
	return draw('g', { 'class': 'haven-cable ' + kind, 'data-holder': who, 'data-link': link.name }, [
		draw('line', { x1: x, y1: top, x2: x, y2: y }),
		draw('circle', { cx: x, cy: y, r: 5 })
	]);
}

function addressWords(address, model) {
	if (address.holder === 'nobody')
		return _('%s: nobody').format(address.text);
	return _('%s: %s').format(address.text, nodeName(address.holder === 'self' ? model.self : model.peer));
}

// Each link has its own place along the node, so that no cable runs over another's dot.
function cableOffset(index, count) {
	return 14 + index * Math.min(22, (NODE_WIDTH - 28) / Math.max(1, count - 1));
}

function drawLink(link, model, index, y) {
	const count = model.links.length, top = MARGIN + nodeHeight(model), offset = cableOffset(index, count);
	// Beside all cables: text must not be crossed out.
	const left = MARGIN + 12 + cableOffset(count - 1, count);
	const rows = link.addresses.map((address, row) => label(left, y + 19 + row * LINE_HEIGHT,
		addressWords(address, model), 'haven-address haven-held-' + address.holder));
	return draw('g', { 'class': 'haven-link' }, [
		draw('line', { x1: MARGIN, y1: y, x2: WIDTH - MARGIN, y2: y, 'class': 'haven-bar' }),
		drawCable(link, 'self', MARGIN + offset, y, top),
		drawCable(link, 'peer', WIDTH - MARGIN - offset, y, top),
		draw('text', { x: WIDTH / 2, y: y - 7, 'text-anchor': 'middle', 'class': 'haven-text haven-strong' },
			short(link.name, 20)), ...rows
	]);
}

function drawLinks(model) {
	let y = nodeHeight(model) + LINK_GAP_TOP;
	const drawn = model.links.map((link, index) => {
		const one = drawLink(link, model, index, y);
		y += link.addresses.length * LINE_HEIGHT + LINK_GAP;
		return one;
	});
	return { drawn: drawn, height: y - LINK_GAP / 2 };
}

function summary(model) {
	const active = [ model.self, model.peer ].find((node) => node.state === 'active');
	return active ? _('%s is Active').format(nodeName(active)) : _('No router is known to be Active');
}

return baseclass.extend({
	summary: summary,

	/* The pair as an SVG element. */
	render(model) {
		const links = drawLinks(model);
		return draw('svg', { viewBox: '0 0 %d %d'.format(WIDTH, links.height), role: 'img', 'class': 'haven-picture',
			'aria-label': summary(model) }, [
			...links.drawn.reverse(),
			drawSync(model.sync),
			drawNode(model.self, MARGIN, nodeHeight(model)),
			drawNode(model.peer, WIDTH - MARGIN - NODE_WIDTH, nodeHeight(model))
		]);
	}
});
