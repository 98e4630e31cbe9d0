import { type Html, markup } from './html';

/** One of several views. */
export interface SwitchedView {
  /** Unique among the views of a switch; letters alone. */
  readonly key: string;
  readonly name: string;
  readonly body: Html;
}

/**
 * Shows one of several views, with a switch between them if there are more: style alone, so that it works without a script.
 * @param name unique in the page; letters alone
 */
export const switched = (name: string, legend: string, views: readonly SwitchedView[]): Html =>
  views.length < 2
    ? markup`${views.map(({ body }) => body)}`
    : markup`<div class="views">
        <fieldset class="switch">
          <legend>${legend}</legend>
          ${views.map(
            ({ key, name: words }, at) =>
              markup`<label
                ><input type="radio" name="${name}" value="${key}" ${at === 0 && markup` checked`} />
                ${words}</label
              >`,
          )}
        </fieldset>
        <style>
          ${views.map(({ key }) => `.views:has([name=${name}][value=${key}]:checked) .view-${key}{display:block}`).join('')}
        </style>
        ${views.map(({ key, body }) => markup`<div class="view view-${key}">${body}</div>`)}
      </div>`;
