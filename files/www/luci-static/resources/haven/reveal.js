// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

/* The link of LuCI's tab menu, which stands before the panes, to the pane that a node is in. */
function tabOf(node) {
	const pane = node.closest('[data-tab]');
	const menu = pane && pane.parentNode.previousElementSibling;
	return menu && menu.querySelector('[data-tab="%s"] > a'.format(pane.getAttribute('data-tab')));
}

return baseclass.extend({
	/* LuCI's check boxes have a label of their own, which is empty: a screen reader is told the field's. */
	name(root) {
		for (const box of root.querySelectorAll('.cbi-value input[type=checkbox]'))
			box.setAttribute('aria-label', box.closest('.cbi-value').querySelector('.cbi-value-title').textContent);
		return root;
	},

	/* Bring a node before the user's eyes, whatever tab it is in. */
	show(node) {
		const tab = tabOf(node);
		if (tab)
			tab.click();
		node.scrollIntoView({ block: 'center' });
	},

	/* The same for a field, to type into at once. */
	field(frame) {
		this.show(frame);
		const widget = frame.querySelector('input:not([type=hidden]), select, textarea, [tabindex]');
		if (widget)
			widget.focus();
	}
});
