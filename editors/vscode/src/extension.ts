// Starts `trustpub lsp` and shows the Markdown pages that its commands return.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

/** The commands of the server that return a page. */
const PAGES: Record<string, string> = { "trustpub.explain": "Upload", "trustpub.inventory": "Inventory" };

const PROGRAM = process.platform === "win32" ? "trustpub.exe" : "trustpub";

let client: LanguageClient | undefined;

/** The pages that were shown last, by their URI. */
class Pages implements vscode.TextDocumentContentProvider {
  static readonly scheme = "trustpub";
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly texts = new Map<string, string>();
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "";
  }

  async show(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: Pages.scheme, path: `${title}.md` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  }
}

/** The program: the setting, the virtual environment, `PATH`, the bundled one. */
function program(context: vscode.ExtensionContext): string | undefined {
  const setting = vscode.workspace.getConfiguration("trustpub").get<string>("path", "");
  if (setting) return setting;
  const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
  const bin = process.platform === "win32" ? "Scripts" : "bin";
  const environments = folders.flatMap(({ uri }) => [".venv", "venv"].map((name) => join(uri.fsPath, name, bin)));
  // A relative entry of PATH would be taken from the workspace, which may be untrusted.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/") || /^[A-Za-z]:/.test(folder));
  const places = [...environments, ...path, context.asAbsolutePath("server")];
  return places.map((folder) => join(folder, PROGRAM)).find(existsSync);
}

async function start(context: vscode.ExtensionContext, pages: Pages): Promise<void> {
  const command = program(context);
  if (!command) {
    void vscode.window.showWarningMessage("The program trustpub was not found. Install it, e.g. with `pip install trustpub`, or set `trustpub.path`.");
    return;
  }
  const server: ServerOptions = { command, args: ["lsp"] };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "yaml" },
      { scheme: "file", language: "github-actions-workflow" },
      { scheme: "file", pattern: "**/*.{yml,yaml}" },
    ],
    initializationOptions: vscode.workspace.getConfiguration("trustpub"),
    synchronize: { configurationSection: "trustpub" },
    middleware: {
      // The code lens runs a command of the server, whose answer would otherwise be dropped.
      executeCommand: async (command, parameters, next) => {
        const answer: unknown = await next(command, parameters);
        const title = PAGES[command];
        if (title && typeof answer === "string") await pages.show(title, answer);
        return answer;
      },
    },
  };
  client = new LanguageClient("trustpub", "trustpub", server, options);
  await client.start();
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const pages = new Pages();
  const explain = () => {
    const editor = vscode.window.activeTextEditor;
    if (!editor) return;
    const { line, character } = editor.selection.active;
    return vscode.commands.executeCommand("trustpub.explain", editor.document.uri.toString(), { line, character });
  };
  const restart = async () => {
    await client?.stop();
    await start(context, pages);
  };
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(Pages.scheme, pages),
    vscode.commands.registerCommand("trustpub.explainUpload", explain),
    vscode.commands.registerCommand("trustpub.showInventory", () => vscode.commands.executeCommand("trustpub.inventory")),
    vscode.commands.registerCommand("trustpub.restart", restart),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("trustpub.path")) void restart();
    }),
  );
  await start(context, pages);
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}
