// What a comparison asks of the studio besides the jobs: to keep a result, and to write a sheet.

async function post(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "X-Studio": "1", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok)
    throw new Error((await answer.json().catch(() => ({}))).message ?? `The studio answered ${answer.status}.`);
  return answer;
}

/** Tag jobs, beside the tags they have. */
export const tag = (jobs, name) => post("/studio/shelf", { jobs, add_tags: [name] });

/** Give each job its stars, from 1 to 5. */
export async function rate(jobs, ratings) {
  for (const stars of new Set(ratings)) {
    const those = jobs.filter((_, index) => ratings[index] === stars);
    if (stars && those.length) await post("/studio/shelf", { jobs: those, rating: stars });
  }
}

/** Make a contact sheet and save it, as a download would be. */
export async function saveSheet(jobs, title) {
  const answer = await post("/studio/sheets", { jobs, title });
  const name = answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "comparison.html";
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  return name;
}
