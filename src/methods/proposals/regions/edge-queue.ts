/** A queue of edge ids that gives the one with the least key first, and the lower id among equals. */
export interface EdgeQueue {
  push(edge: number, key: number): void;
  /** −1 when empty. */
  pop(): number;
}

/** An empty queue: a binary heap. */
export function edgeQueue(): EdgeQueue {
  const heap: number[] = [];
  const keys: number[] = []; // of each edge ever pushed
  const isBefore = (x: number, y: number): boolean => keys[x] < keys[y] || (keys[x] === keys[y] && x < y);
  return {
    push(edge, key) {
      keys[edge] = key;
      let i = heap.length;
      heap.push(edge);
      for (; i > 0; ) {
        const up = (i - 1) >> 1;
        if (!isBefore(edge, heap[up])) break;
        heap[i] = heap[up];
        i = up;
      }
      heap[i] = edge;
    },
    pop() {
      if (heap.length === 0) return -1;
      const first = heap[0];
      const moved = heap.pop() as number;
      if (heap.length === 0) return first;
      let i = 0;
      for (let down = 1; down < heap.length; down = 2 * i + 1) {
        if (down + 1 < heap.length && isBefore(heap[down + 1], heap[down])) down++;
        if (!isBefore(heap[down], moved)) break;
        heap[i] = heap[down];
        i = down;
      }
      heap[i] = moved;
      return first;
    },
  };
}
