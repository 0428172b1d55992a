import packageJson from "../../package.json" with { type: "json" };

/** The package's version, as `--version` prints it and every run records it. */
export const version: string = packageJson.version;
