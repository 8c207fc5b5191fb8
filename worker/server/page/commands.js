// The form's request as a curl command and as a Python program.

const EXTENSIONS = { opus: "ogg", ulaw: "ul", alaw: "al" };

/** The file name for a format. */
export function fileName(format) {
  return `speech.${EXTENSIONS[format] ?? format}`;
}

/** The request as a curl command, which fails on an error status; a key comes from the environment. */
export function curl(url, request, hasKey) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const key = hasKey ? ' \\\n  -H "Authorization: Bearer $API_KEY"' : "";
  return (
    `curl --fail-with-body -sSN ${url} -H 'Content-Type: application/json'${key} \\\n` +
    `  -d ${quote(JSON.stringify(request))} -o ${fileName(request.format)}`
  );
}

/** The request as a Python program. */
export function python(url, request, hasKey) {
  const key = hasKey ? ', headers={"Authorization": "Bearer " + os.environ["API_KEY"]}' : "";
  return [
    ...(key ? ["import os", ""] : []),
    "import httpx",
    "",
    `body = ${JSON.stringify(request)}`,
    `with httpx.stream("POST", "${url}", json=body${key}, timeout=60) as answer:`,
    "    answer.raise_for_status()",
    `    with open("${fileName(request.format)}", "wb") as file:`,
    "        for audio in answer.iter_bytes():  # as it arrives",
    "            file.write(audio)",
    "",
  ].join("\n");
}
