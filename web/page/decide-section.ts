import type { LiveProgress } from '../../client/observation';
import { techniques, techniqueTraits } from '../../engine/names';
import { type Html, markup } from '../../report/html/page/html';

const answer = markup`<output data-keep></output>`;
const noteField = markup`<label class="field">note <input class="long" name="note" maxlength="300" /></label>`;

/** The forms by which a person decides in a run. @param by name that is filled in at first */
export function decideSection(progress: LiveProgress, by: string): Html {
  const { candidates, paused } = progress;
  const left = candidates.filter(({ status }) => status === 'running' || status === 'done');
  const parents = candidates.filter(({ parent, status }) => parent === null && status === 'done');
  const options = (ids: readonly string[]) => ids.map((id) => markup`<option value="${id}">${id}</option>`);
  return markup`<p>Each decision is recorded in the run's history, with your name and note.</p>
    <p><label class="field">your name <input class="long" name="by" maxlength="100" value="${by}" /></label></p>
    ${approveForm(progress)}
    <details>
    <summary>${paused ? 'Resume' : 'Pause'}, adjust, skip, finish early or cancel</summary>
    ${
      paused
        ? markup`<form id="resume" data-action="resume">
            <h3>Resume</h3>
            <button>Resume</button>${answer}
          </form>`
        : markup`<form id="pause" data-action="pause">
            <h3>Pause</h3>
            <p>Nothing new is started; work in progress finishes.</p>
            <label class="field">reason <input class="long" name="reason" maxlength="300" /></label>
            <button>Pause</button>${answer}
          </form>`
    }
    <form id="adjust" data-action="adjust">
      <h3>Adjust</h3>
      <label class="field">
        target C
        <input name="target" type="number" step="any" min="0" max="1" placeholder="${progress.target}" />
      </label>
      <label class="field">
        tolerance, points
        <input name="tolerance" type="number" step="any" min="0" placeholder="${progress.tolerance}" />
      </label>
      <label class="field">SVD targets <input class="short" name="ssvdTargets" placeholder="0.5, 0.65" /></label>
      <label class="field">pruning factors <input class="short" name="ccpFactors" placeholder="0.8, 1" /></label>
      <label class="field">
        add a candidate by
        <select name="technique">
          <option value="">none</option>
          ${techniques.map((one) => markup`<option value="${one}">${techniqueTraits[one].words}</option>`)}
        </select>
      </label>
      <label class="field">to <input name="asked" type="number" step="any" min="0" max="1" /></label>
      <label class="field">
        of
        <select name="parent">
          <option value="">the original</option>
          ${options(parents.map(({ id }) => id))}
        </select>
      </label>
      ${noteField}<button>Adjust</button>${answer}
    </form>
    <form id="skip" data-action="adjust">
      <h3>Skip a candidate</h3>
      <label class="field">
        candidate
        <select name="skip" required>
          <option value="">choose one</option>
          ${options(left.map(({ id }) => id))}
        </select>
      </label>
      ${noteField}<button>Skip</button>${answer}
    </form>
    <form id="finish" data-action="finish">
      <h3>Finish early</h3>
      <p>Selects the best of the candidates that are done.</p>
      ${noteField}<button>Finish</button>${answer}
    </form>
    <form id="cancel" data-action="cancel">
      <h3>Cancel</h3>
      <label><input type="checkbox" name="confirm" value="yes" required /> end this run without a result</label>
      <button class="danger">Cancel the run</button>${answer}
    </form></details>`;
}

/** The form for what a run waits for. */
function approveForm({ waiting, candidates }: LiveProgress): Html | false {
  if (!waiting) return false;
  const done = candidates.filter(({ status }) => status === 'done');
  const isPicks = waiting.for === 'picks';
  const choices = isPicks ? done.filter(({ parent }) => parent === null) : done;
  return markup`<form id="approve" data-action="approve">
    <h3>Approve ${isPicks ? 'the picks' : 'the selected model'}</h3>
    <fieldset class="choice">
      <legend>${isPicks ? 'candidates to prune' : 'model to return'}</legend>
      ${choices.map(
        ({ id }) =>
          markup`<label
            ><input
              type="${isPicks ? 'checkbox' : 'radio'}"
              name="${isPicks ? 'picks' : 'select'}"
              value="${id}"
              ${waiting.proposed.includes(id) && markup` checked`}
            />
            ${id}</label
          >`,
      )}
    </fieldset>
    ${noteField}<button>Approve</button>${answer}
  </form>`;
}
