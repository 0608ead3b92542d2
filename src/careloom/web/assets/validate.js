// What the validator's page is better with: a file dropped on the text or chosen is put into it, and the profiles that
// are offered are those of the type that stands there. Without this file the form does the same in one step more.

(() => {
  const text = document.getElementById("source");
  const file = document.getElementById("file");
  const list = document.getElementById("profiles");
  const news = document.getElementById("news");
  if (!text || !text.form) return;

  const limit = Number(text.form.dataset.limit);
  const choices = list ? [...list.options] : [];
  let shownType = null;

  const hint = document.getElementById("source-hint");
  if (hint) hint.textContent = "Paste JSON or XML, or drop a file here.";

  const tell = (words, isBad = false) => {
    news.textContent = words;
    news.classList.toggle("check__news--bad", isBad);
  };

  const typeOf = (source) => {
    const found = /"resourceType"\s*:\s*"([A-Za-z]+)"/.exec(source) || /^\s*(?:<[?!][^>]*>\s*)*<([A-Z][A-Za-z]+)/.exec(source);
    return found ? found[1] : "";
  };

  const narrow = () => {
    const type = typeOf(text.value);
    if (!list || type === shownType) return;
    shownType = type;
    const fitting = choices.filter((choice) => choice.dataset.type === type);
    list.replaceChildren(...(fitting.length ? fitting : choices));
  };

  const take = async (chosen) => {
    if (chosen.size > limit) {
      tell(`${chosen.name} has ${chosen.size.toLocaleString("en-GB")} bytes; at most ${limit.toLocaleString("en-GB")} are taken.`, true);
      return;
    }
    text.value = await chosen.text();
    text.scrollTop = 0;
    if (file) file.value = "";
    tell(`${chosen.name} is above, ready to be checked.`);
    narrow();
  };

  if (file) file.addEventListener("change", () => file.files.length && take(file.files[0]));
  text.addEventListener("input", narrow);
  text.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    text.classList.add("check__text--over");
  });
  text.addEventListener("dragleave", () => text.classList.remove("check__text--over"));
  text.addEventListener("drop", (event) => {
    text.classList.remove("check__text--over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) text.form.requestSubmit();
  });
  narrow();
})();
