/** How apps may look beside the pages of this server (SMART App Launch 2.2, "smart_style_url"). */
import { createHash } from 'node:crypto';

const STYLE = JSON.stringify({
  color_background: '#f5f7f9',
  color_error: '#8c1d18',
  color_highlight: '#0b5c8a',
  color_modal_backdrop: '',
  color_success: '#12502a',
  color_text: '#16212c',
  dim_border_radius: '6px',
  dim_font_size: '16px',
  dim_spacing_size: '16px',
  font_family_body: "system-ui, 'Segoe UI', Roboto, Arial, sans-serif",
  font_family_heading: "system-ui, 'Segoe UI', Roboto, Arial, sans-serif",
});

/** Below the issuer; another path when the content is another. */
export const STYLE_PATH = `/styles/${createHash('sha256').update(STYLE).digest('hex').slice(0, 16)}.json`;

/** JSON; anybody may read it. */
export const styleDocument = (): string => STYLE;
