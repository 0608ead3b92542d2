// What the pages need of their own: keep the newest message in sight, and take the keyboard to what was opened.
// Without this file, and without JavaScript altogether, the pages show the same; nothing is rendered here.

(() => {
  const board = document.querySelector(".board");
  const detail = document.getElementById("detail");
  const follow = document.getElementById("follow");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  if (board && follow) {
    follow.closest("label").hidden = false;
    const isNews = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches("tr.exchange, tr.step--blue");
    new MutationObserver((changes) => {
      const added = changes.flatMap((change) => [...change.addedNodes]).filter(isNews);
      if (added.length && follow.checked) {
        added.at(-1).scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
      }
    }).observe(board, { childList: true, subtree: true });
  }

  const verdicts = document.getElementById("verdicts");
  if (verdicts && follow) {
    const side = verdicts.closest("aside");
    new MutationObserver(() => {
      if (follow.checked) side.scrollTop = side.scrollHeight;
    }).observe(verdicts, { childList: true });
  }

  if (detail) {
    new MutationObserver(() => {
      const title = document.getElementById("detail-title");
      if (title) {
        // Reading what was opened and following what is new do not go together.
        if (follow) follow.checked = false;
        title.focus({ preventScroll: true });
        detail.closest("aside").scrollTop = 0;
      }
    }).observe(detail, { childList: true });
  }
})();
