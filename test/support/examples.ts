import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

import { codeBlocks } from './markdown';
import { root } from './paths';

/** An `@example` of the package's sources. */
export interface Example {
  /** The function that it shows: `startGuidebook`, `Dataset.open`. */
  readonly name: string;
  readonly code: string;
}

/** The name of a declaration that an example stands at. */
function nameOf(node: ts.Node): string {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations[0].name.getText();
  const own = (node as ts.NamedDeclaration).name?.getText() ?? '';
  return ts.isClassElement(node) ? `${nameOf(node.parent)}.${own}` : own;
}

/** All examples of all sources that the compiler reads, but for tests. */
export function examplesOfSources(): Example[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const found: Example[] = [];
  for (const file of fileNames.filter((name) => !/\/(test|bench)\//.test(name.slice(root.length)))) {
    const text = readFileSync(file, 'utf8');
    if (!text.includes('@example')) continue;
    const visit = (node: ts.Node) => {
      for (const tag of ts.getJSDocTags(node).filter(({ parent }) => parent.parent === node)) {
        if (tag.tagName.text !== 'example') continue;
        const [block] = codeBlocks(`${ts.getTextOfJSDocComment(tag.comment) ?? ''}\n`, 'ts');
        found.push({ name: nameOf(node), code: block.code });
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  }
  return found;
}
