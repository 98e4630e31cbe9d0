/** Style of the live pages, beside that of reports. */
export const liveStyle = `
.state{min-height:1.5em;color:var(--soft)}
.state.away{color:var(--bad)}
progress{width:min(420px,100%);height:14px;margin-right:10px;accent-color:var(--accent);vertical-align:middle}
.retry{border-left:3px solid var(--bad);background:var(--card);padding:8px 12px;border-radius:6px;margin:8px 0}
.retry p{margin:2px 0}
.wait{border-left:3px solid var(--picked);background:var(--card);padding:8px 12px;border-radius:6px;margin:8px 0}
form{margin:8px 0;padding:10px 12px;background:var(--card);border-radius:6px;display:flex;flex-wrap:wrap;gap:8px 14px;align-items:end}
form h3{margin:0;width:100%;font-size:15px}
form p{margin:0;width:100%}
label{font-size:13px}
label.field{display:flex;flex-direction:column;gap:2px;color:var(--soft)}
fieldset.choice{border:0;padding:0;margin:0;width:100%;font-size:13px}
fieldset.choice legend{padding:0;color:var(--soft)}
fieldset.choice label{margin-right:14px}
input,select,button{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--other);border-radius:6px;padding:4px 8px;max-width:100%}
input[type=number],input.short{width:9em}
input.long{width:22em}
button{background:var(--accent);color:var(--paper);border-color:var(--accent);cursor:pointer;font-weight:600}
button.danger{background:var(--paper);color:var(--bad);border-color:var(--bad)}
button:disabled{opacity:.6;cursor:default}
#now th,#now td,#runs th,#runs td{overflow-wrap:normal;min-width:80px}
output{width:100%;font-size:14px}
output:empty{display:none}
output.refused{color:var(--bad)}
output.done{color:var(--good)}
@media (max-width:640px){form{gap:8px}input.long{width:100%}label.field{width:100%}}
`;
