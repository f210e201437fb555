from lab_ext import *
import lab_ext
def best_of(pool): return min(pool,key=S._score)
def steadyb(P,n=10,it=10,keep=4,it2=10,m0=5,tries=1,gen2=0):
    pool=[];T=[0,0]; records=[]
    def add(s):
        if all(s.score!=p[0].score for p in pool): pool.append((s,sizes(P,s.centroids)))
    for r in range(n):
        s=restart(P,r,it); T[0]+=1; x=(s,sizes(P,s.centroids)); kids=[]
        for p in pool[:keep]:
            if p[0].score!=s.score: kids.append(cross(P,x,p,it2)); T[1]+=1
        w=min([s,*kids],key=S._score)
        if r and (not records or w.score<records[-1].score):
            if gen2:
                y=(w,sizes(P,w.centroids))
                for p in pool[:keep]:
                    if p[0].score!=w.score: kids.append(cross(P,y,p,it2)); T[1]+=1
                w=min([w,*kids],key=S._score)
            w,q=breathing(P,w,m0,3,it2,tries,stream=r); T[1]+=q
            records.append(w); add(w)
        for z in [s,*kids]: add(z)
        pool.sort(key=lambda p:p[0].score); del pool[keep+1:]
        if r==2 and len(pool)==1 and pool[0][0].converged: break
    fin=[S.iterate(P,s.centroids,100) if not s.converged else s for s in (records or [pool[0][0]])]
    return min(fin,key=S._score),T
lab.__dict__.update({k:v for k,v in globals().items() if not k.startswith('_')})
if __name__=='__main__':
    src=open('/tmp/labdata/lab.py').read(); exec(src[src.index("if __name__"):])
